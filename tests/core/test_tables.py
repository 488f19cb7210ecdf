"""CSV, in and out."""

import csv
import io
from typing import Any

import pytest
from pyramid.config import Configurator
from pyramid.request import Request as Bare
from webob import Request

from courseplatform.api import (
    NO_PERMISSION_REQUIRED,
    Answer,
    Body,
    BulkQuery,
    Conflict,
    Listing,
    Node,
    Root,
    Rows,
    RowsReader,
    Service,
    TableQuery,
    Text,
    Whole,
    do_rows,
    field,
    refuse_repeated,
)
from courseplatform.tables import cell_of, encoded, value_of, wants_csv
from tests.core.conftest import build


class Line(Body):
    name = field(Text(20, min_chars=1))
    size = field(Whole(0, 10), missing=0)


class Lines(Body):
    rows = field(Rows(5), Line(name="row"))


class Anything(Answer):
    rows = field(Listing())


lines = Service("lines", "/lines/")


@lines.post(
    permission=NO_PERMISSION_REQUIRED,
    body=Lines,
    query=BulkQuery,
    reader=RowsReader(Line, ignored=("remark",), needed="name"),
    answer=Anything,
    status=200,
)
def take(request: Any) -> Any:
    """For these tests. 409 ``conflict``."""
    rows = request.validated["body"]["rows"]
    refuse_repeated(rows, lambda row: row.values["name"], "name")

    def verb(row: Any) -> dict[str, Any]:
        if row.values["name"] == "taken":
            raise Conflict()
        return {"status": 200, **row.values}

    return do_rows(request, rows, verb)


@lines.get(permission=NO_PERMISSION_REQUIRED, query=TableQuery)
def give(request: Any) -> Any:
    """For these tests."""

    def read(reading: Any, after: Any) -> Any:
        number = (after or 0) + 1
        return [[number, "=1+1", None]], number if number < 3 else None

    return request.send_table(["number", "text", "none"], read, name="lines.csv")


class Place(Node):
    """``/lines``"""


def serving(config: Configurator) -> None:
    config.add_resource_node(Root, "lines", Place)
    config.add_cornice_service(lines)


@pytest.fixture(scope="module")
def app(sandbox_app: Any) -> Any:
    made = build(serving)
    made.registry["db.session"] = sandbox_app.registry["db.session"]
    return made


def post(app: Any, body: bytes, content_type: str = "text/csv", mode: str = "all") -> Any:
    request = Request.blank(f"/api/lines/?mode={mode}", method="POST", body=body)
    request.content_type = content_type
    return request.get_response(app)


def sent(app: Any, body: bytes) -> list[tuple[str, int]]:
    response = post(app, body)
    assert response.status_int == 200, response.json
    return [(row["name"], row["size"]) for row in response.json["rows"]]


@pytest.mark.parametrize(
    "body",
    [
        b"name,size\r\nAnna,3\r\n",
        b"\xef\xbb\xbfname;size\nAnna;3",
        b'"size" , name\r3,"Anna"\r\r',
        b"remark,name,size\nwhatever,Anna, 3 \n,,\nno name,,4\n",
    ],
)
def test_the_dialects_of_spreadsheets_are_read(app: Any, body: bytes) -> None:
    assert sent(app, body.replace(b'"size" ,', b'"size",')) == [("Anna", 3)]


def test_quotes_hold_commas_quotes_and_lines_and_the_answer_says_where_a_row_ends(app: Any) -> None:
    answer = post(app, 'name,size\n"A, ""B""\nC",1\nЖук,\n'.encode()).json
    assert [(row["row"], row["line"], row["name"]) for row in answer["rows"]] == [(0, 3, 'A, "B"\nC'), (1, 4, "Жук")]
    assert (answer["succeeded"], answer["failed"]) == (2, 0)


@pytest.mark.parametrize(
    "body",
    [
        b"name\n\xff",
        b"name\na\x00b",
        b"name\n\xed\xa0\x80",
        b'name\n"open',
        b'name\n"a"b',
        b"name\n" + b"x" * 200_000,
        "name\nA".encode("utf-16"),
    ],
)
def test_what_is_no_csv_is_malformed(app: Any, body: bytes) -> None:
    assert (post(app, body).status_int, post(app, body).json["code"]) == (400, "malformed_csv")


def test_other_encodings_and_types_are_refused(app: Any) -> None:
    assert post(app, b"name\nA", "text/csv; charset=cp1251").status_int == 415
    assert post(app, b"name\nA", "text/plain").status_int == 415
    assert post(app, b"name\n" + b"A\n" * 1_100_000).status_int == 413


def test_a_million_columns_are_named_by_the_first_fifty(app: Any) -> None:
    response = post(app, b"," * 1_000_000)
    assert response.status_int == 422
    assert len(response.json["errors"]) == 51


def test_columns_that_are_wrong_are_named(app: Any) -> None:
    errors = post(app, b"size,size,colour\n1,2,3").json["errors"]
    assert {(fault["name"], fault["detail"]) for fault in errors} == {
        ("colour", "is no column of this table"),
        ("size", "is a column twice"),
        ("name", "is a column that is missing"),
    }


def test_all_faults_of_all_rows_come_at_once_and_say_row_line_and_column(app: Any) -> None:
    body = b"name,size\nAnna,x\nBert\nAnna,3\ntaken,1\nAnna,4\n"
    refused = post(app, body)
    assert (refused.status_int, refused.json["code"]) == (409, "rows_refused")
    assert [(fault["name"], fault["detail"]) for fault in refused.json["errors"]] == [
        ("rows.0.size", "must be a whole number (line 2)"),
        ("rows.1", "has 1 cells, and the table 2 columns (line 3)"),
        ("rows.3", "The present state does not allow this. (line 5)"),
        ("rows.4.name", "is the same as in row 2 (line 6)"),
    ]
    assert [(row["row"], row["status"], row["code"]) for row in refused.json["rows"]] == [
        (0, 422, "invalid"),
        (1, 422, "invalid"),
        (3, 409, "conflict"),
        (4, 422, "invalid"),
    ]
    answer = post(app, body, mode="each")
    assert (answer.status_int, answer.json["succeeded"], answer.json["failed"]) == (200, 1, 4)
    assert answer.json["rows"][2] == {"row": 2, "line": 4, "status": 200, "name": "Anna", "size": 3}


def test_fields_alone_are_422_and_too_many_rows_too(app: Any) -> None:
    assert (post(app, b"name,size\nA,11").status_int, post(app, b"name,size\nA,11").json["code"]) == (422, "invalid")
    assert post(app, b"name\n" + b"".join(b"%d\n" % n for n in range(6))).json["errors"] == [
        {"location": "body", "name": "rows", "detail": "must have at most 5 items"}
    ]
    assert post(app, b'{"rows": [1, {"name": "A", "colour": 1}, {}]}', "application/json").json["errors"] == [
        {"location": "body", "name": "rows.0", "detail": "must be an object"},
        {"location": "body", "name": "rows.1.colour", "detail": "is unknown or written by the server only"},
        {"location": "body", "name": "rows.2.name", "detail": "is required"},
    ]
    assert post(app, b"name\n", mode="some").status_int == 422


@pytest.mark.parametrize("text", ["=1+1", "+7 900", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "＝1", "'=1", "''=1"])
def test_a_formula_goes_out_as_text_and_comes_in_as_it_was(text: str) -> None:
    out = cell_of(text)
    assert out == f"'{text}"
    (cells,) = csv.reader(io.StringIO(encoded([[text]]).decode(), newline=""))
    assert value_of(cells[0], field(Text(100))) == text


@pytest.mark.parametrize("text", ["plain", "'quoted'", "a=1", "1-2", ""])
def test_what_is_no_formula_stays_as_it_is(text: str) -> None:
    assert cell_of(text) == text == value_of(text, field(Text(100)))


def test_numbers_stay_numbers_and_texts_are_quoted(app: Any) -> None:
    assert encoded([[-5, "-5", True, None, "a;b"]]) == b'-5,"\'-5","true","","a;b"\r\n'


def test_a_table_is_a_download_that_is_made_chunk_by_chunk(app: Any) -> None:
    response = Request.blank("/api/lines/").get_response(app)
    assert response.headers["Content-Disposition"].startswith("attachment;")
    assert (response.content_type, response.charset) == ("text/csv", "utf-8")
    assert [line.count(b",") for line in response.body.splitlines()] == [2] * 4
    marked = Request.blank("/api/lines/?bom=true").get_response(app)
    assert marked.body == b"\xef\xbb\xbf" + response.body


@pytest.mark.parametrize(
    ("accept", "asked", "expected"),
    [
        ("text/csv", None, True),
        ("text/csv, application/json;q=0.5", None, True),
        ("application/json, text/csv;q=0.5", None, False),
        ("*/*", None, False),
        ("nonsense", None, False),
        ("application/json", "csv", True),
        ("text/csv", "json", False),
    ],
)
def test_who_takes_csv_gets_csv(accept: str, asked: str | None, expected: bool) -> None:
    assert wants_csv(Bare.blank("/", headers={"Accept": accept}), asked) is expected
