"""``/api/docs/`` over HTTP; this application has no database to ask. In ``functional`` a browser opens it."""

import hashlib
import re
from typing import Any
from urllib.parse import urljoin

import pytest

from courseplatform.openapi.page import assets
from courseplatform.testing import Client

from .conftest import build

PAGE = "/api/docs/"
#: Of ``swagger-ui.css`` and ``swagger-ui-bundle.js`` in npm's swagger-ui-dist 5.32.8.
PUBLISHED = [
    "ca238f7d7c2cf4480c1e77a9c3b9da915ab216e96ffd354e69076560c650c6de",
    "97f03cdae8b9f09f8f33b604ed4796bd318c378e90763b468bb4aa0860bd90a7",
]


@pytest.fixture(scope="module")
def reader() -> Client:
    return Client(build())


def references(page: Any) -> list[str]:
    return [one for one in re.findall(r'(?:href|src)="([^"]*)"', page.text) if not one.startswith("data:")]


def test_the_page_may_load_nothing_from_elsewhere_and_nobody_may_frame_it(reader: Client) -> None:
    page = reader.get(PAGE)
    policy = dict(one.split(" ", 1) for one in page.headers["Content-Security-Policy"].split("; "))
    assert policy.pop("img-src") == "'self' data:"
    assert {name: value for name, value in policy.items() if value != "'none'"} == dict.fromkeys(
        ("script-src", "style-src", "connect-src"), "'self'"
    )
    assert {"default-src", "base-uri", "form-action", "frame-ancestors"} < set(policy)
    assert page.headers["X-Content-Type-Options"] == "nosniff"
    assert page.content_type == "text/html"


def test_the_page_is_asked_for_each_time_and_sent_once(reader: Client) -> None:
    page = reader.get(PAGE)
    assert page.headers["Cache-Control"] == "no-cache"
    reader.get(PAGE, status=304, headers={"If-None-Match": page.headers["ETag"]})


def test_all_that_the_page_names_is_here_by_a_relative_address(reader: Client) -> None:
    named = references(reader.get(PAGE))
    assert len(named) == 4 and not any(one.startswith("/") or ":" in one for one in named)
    for one in named:
        reader.get(urljoin(PAGE, one))


def test_browsers_keep_an_asset_for_good(reader: Client) -> None:
    for asset in assets():
        answer = reader.get(PAGE + asset.name)
        assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.content_type == {"css": "text/css", "js": "text/javascript"}[asset.suffix]
        assert hashlib.sha256(answer.body).hexdigest().startswith(asset.name.split(".")[1])
        reader.get(PAGE + asset.name, status=304, headers={"If-None-Match": answer.headers["ETag"]})


def test_an_asset_of_another_release_is_not_found(reader: Client) -> None:
    reader.get(PAGE + "start.000000000000.js", status=404)


def test_swagger_ui_is_the_one_that_its_makers_published() -> None:
    assert [hashlib.sha256(asset.body).hexdigest() for asset in assets()[:2]] == PUBLISHED


def test_head_answers_and_nothing_else_does(reader: Client) -> None:
    for path in (PAGE, PAGE + assets()[0].name):
        assert reader.call("HEAD", path, status=200).headers["ETag"] == reader.get(path).headers["ETag"]
        for method in ("POST", "PUT", "DELETE"):
            reader.call(method, path, status=404)


def test_a_missing_slash_is_added(reader: Client) -> None:
    assert reader.get("/api/docs", status=308).headers["Location"] == PAGE


def test_what_one_pastes_is_the_token_alone(reader: Client) -> None:
    bearer = reader.get("/api/openapi.json").json["components"]["securitySchemes"]["bearer"]
    assert (bearer["type"], bearer["scheme"]) == ("http", "bearer")
    assert "`Bearer `" not in bearer["description"]


def test_the_page_can_be_switched_off(reader: Client) -> None:
    off = Client(build(**{"docs.enabled": "false"}))
    for path in ("/api/docs", PAGE, PAGE + assets()[0].name):
        off.get(path, status=404)
    assert "docs" in reader.get("/api/").json["capabilities"]
    assert "docs" not in off.get("/api/").json["capabilities"]
