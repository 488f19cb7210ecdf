"""Whatever arrives: no 500, and nothing of it in the answer."""

import json
from typing import Any
from urllib.parse import quote

import pytest
from webob import Request

from courseplatform.ingress import MAX_JSON_BYTES
from courseplatform.testing import Client

PATH = "/api/sandbox/everything/"
SECRET = "swordfish-9081"


def send(client: Client, body: Any, content_type: str = "application/json", method: str = "POST", **kw: Any) -> Any:
    raw = body if isinstance(body, bytes) else body.encode()
    return client.call(method, PATH, params=raw, content_type=content_type, **kw)


MALFORMED = {
    "nothing": "",
    "half an object": '{"text": ',
    "two documents": '{"text": "a"} {"text": "b"}',
    "a list": '["text"]',
    "a string": '"text"',
    "a number": "5",
    "null": "null",
    "nested 1,000 deep": '{"text": ' + "[" * 1000 + "]" * 1000 + "}",
    "nested 100,000 deep": "[" * 100_000,
    "objects nested deep": '{"a":' * 50 + "1" + "}" * 50,
    "NaN": '{"text": "a", "whole": NaN}',
    "Infinity": '{"text": "a", "whole": -Infinity}',
    "a duplicate key": '{"text": "a", "text": "b"}',
    "a duplicate key below": '{"text": "a", "parts": [{"name": "a", "name": "b"}]}',
    "NUL": '{"text": "a\\u0000b"}',
    "NUL in a key": '{"text": "a", "k\\u0000": 1}',
    "a lone surrogate": '{"text": "a\\ud800b"}',
    "a lone surrogate in a key": '{"text": "a", "\\udfff": 1}',
    "a number of 5,000 digits": '{"text": "a", "whole": ' + "9" * 5000 + "}",
    "latin-1": '{"text": "\xe9"}'.encode("latin-1"),
    "utf-16": '{"text": "a"}'.encode("utf-16"),
    "a byte order mark": b'\xef\xbb\xbf{"text": "a"}',
    "overlong utf-8": b'{"text": "\xc0\x80"}',
    "single quotes": "{'text': 'a'}",
    "a comment": '{"text": "a" /* */}',
}


@pytest.mark.parametrize("body", MALFORMED.values(), ids=MALFORMED)
def test_malformed_json_is_400(client: Client, body: Any) -> None:
    assert send(client, body, status=400).json["code"] == "malformed_json"


INVALID = {
    "an integer beyond int4": '{"text": "a", "whole": 2147483648}',
    "an integer beyond int8": '{"text": "a", "whole": 99999999999999999999}',
    "a float that overflows": '{"text": "a", "whole": 1e999}',
    "a text that is too long": json.dumps({"text": SECRET * 100}),
    "a control character": json.dumps({"text": SECRET + "\x07"}),
    "an unknown key": json.dumps({"text": "a", "is_admin": SECRET}),
    "a wrong type everywhere": json.dumps({name: [SECRET] for name in ("text", "whole", "flag", "at", "url", "id")}),
    "a moment nobody can read again": '{"text": "a", "at": "9999-12-31T23:59:59-23:59"}',
}


@pytest.mark.parametrize("body", INVALID.values(), ids=INVALID)
def test_invalid_json_is_422_without_an_echo(client: Client, body: Any) -> None:
    answer = send(client, body, status=422)
    assert answer.json["code"] == "invalid"
    assert answer.json["errors"]
    assert SECRET not in answer.text


@pytest.mark.parametrize(
    "content_type",
    [
        "application/json; charset=foo",
        "application/json; charset=utf-16",
        "text/plain",
        "text/json",
        "application/x-www-form-urlencoded",
        "multipart/form-data",
        "multipart/form-data; boundary=",
        "multipart/form-data; boundary=x",
        "application/merge-patch+json",
        "application/jsonx",
        "",
        "\xff",
    ],
)
def test_a_wrong_content_type_is_415(client: Client, content_type: str) -> None:
    answer = send(client, '{"text": "a"}', content_type, status=415)
    assert answer.json["code"] == "unsupported_media_type"


@pytest.mark.parametrize(
    "content_type",
    ["application/json", "application/json; charset=utf-8", "application/json;charset=UTF8", "Application/JSON"],
)
def test_json_in_utf_8_is_taken(client: Client, content_type: str) -> None:
    assert send(client, '{"text": "жук 🐞"}', content_type, status=200).json["text"] == "жук 🐞"


def test_a_patch_takes_both_names_of_a_merge_patch(client: Client) -> None:
    for content_type in ("application/merge-patch+json", "application/json"):
        send(client, "{}", content_type, method="PATCH", status=200)
    send(client, "{}", "application/json-patch+json", method="PATCH", status=415)


@pytest.mark.parametrize("path", ["/api/%ff/", "/api/courses/%ff/", "/api/problems/%c0%80/", "/api/%ed%a0%80/", "/%00"])
def test_a_path_that_is_no_text_is_400(client: Client, path: str) -> None:
    assert client.get(path, status=400).json["code"] == "bad_request"


@pytest.mark.parametrize(
    "query",
    ["search=%ff", "%ff=1", "search=%00", "search=%ed%a0%80", "search=%c0%80", "limit=%ff", "%00"],
)
def test_a_query_that_is_no_text_is_400(client: Client, query: str) -> None:
    client.get(f"/api/courses/?{query}", status=400)


@pytest.mark.parametrize(
    "query",
    ["limit=-1", "limit=0", "limit=101", "limit=100000000000000000000", "limit=1e1", "limit=", "limit=1_0", "limit=٣"],
)
def test_a_limit_out_of_bounds_is_422(client: Client, query: str) -> None:
    client.get(f"/api/courses/?{query}", status=422)


@pytest.mark.parametrize("words", ["a & | !", "'", "\\", "a:*", "(((", '"', "-", "a <-> b", "%", ":", "or", "🐞"])
def test_no_search_crashes_the_parser_of_queries(client: Client, words: str) -> None:
    client.get(f"/api/courses/?search={quote(words)}")


def with_length(client: Client, length: str) -> Any:
    request = Request.blank(PATH, method="POST", content_type="application/json")
    request.environ["CONTENT_LENGTH"] = length
    return request.get_response(client.app)


def test_a_body_that_is_too_large_is_413(client: Client) -> None:
    answer = send(client, b"{" + b" " * MAX_JSON_BYTES + b"}", status=413)
    assert answer.json["code"] == "payload_too_large"
    limit = client.registry.settings["http.max_body_bytes"]
    assert with_length(client, str(limit + 1)).status_int == 413


@pytest.mark.parametrize("length", ["-1", "1e3", "²", "9" * 5000, " ", "0x10", "1;2"])
def test_a_content_length_that_is_no_number_is_400(client: Client, length: str) -> None:
    assert with_length(client, length).status_int == 400


def test_every_answer_carries_the_security_headers(client: Client, student: Any) -> None:
    for answer in (
        client.get("/api/"),
        client.get("/api/nothing/", status=404),
        client.get("/api/%ff", status=400),
        student.get("/api/users/me/"),
    ):
        policy = answer.headers["Content-Security-Policy"].split("; ")
        assert policy == ["default-src 'none'", "base-uri 'none'", "frame-ancestors 'none'"]
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Referrer-Policy"] == "no-referrer"


def test_nothing_personal_may_be_stored_by_a_cache(client: Client, student: Any) -> None:
    assert client.get("/api/courses/").headers["Cache-Control"] == "no-cache"
    assert student.get("/api/courses/").headers["Cache-Control"] == "no-store"
    assert send(client, '{"text": "a"}').headers["Cache-Control"] == "no-store"
