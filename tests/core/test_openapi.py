"""The Swagger document of plugins' own services, and the tests' client that holds every answer to it."""

from typing import Any

import pytest
from pyramid.authorization import Allow, Everyone
from pyramid.response import Response

from courseplatform.api import (
    NO_PERMISSION_REQUIRED,
    Answer,
    AnyText,
    Binary,
    Configurator,
    Conflict,
    Node,
    Problem,
    Root,
    Service,
    Text,
    Whole,
    drop,
    field,
)
from courseplatform.openapi.document import document_of
from courseplatform.openapi.openapi3 import to_openapi3
from courseplatform.openapi.permissions import rules
from courseplatform.testing import Client
from plugins.courses.models import Course

from .conftest import build


class CountAnswer(Answer):
    count = field(Whole())
    label = field(AnyText(), nullable=True)
    hint = field(AnyText(), missing=drop)


class ProblemAnswer(Answer):
    """Called as what every error answers."""

    error = field(AnyText())


class Odd(Node):
    __acl__ = [(Allow, Everyone, "odd:use")]


class Picky(Node):
    """Asks what only a real request has."""

    @property
    def __acl__(self) -> Any:
        return [(Allow, f"user:{self.request.identity.id}", "odd:use")]


odd = Service("odd", "/odd/")
picky = Service("picky", "/picky/")


@odd.get(permission=NO_PERMISSION_REQUIRED, answer=CountAnswer)
def show(request: Any) -> Any:
    """Count.

    Twice. 409 ``odd_number``; 413.
    """
    if "refuse" in request.headers:
        raise Conflict(request.headers["refuse"])
    request.response.status_int = int(request.headers.get("status", 200))
    return {"count": 1, "label": None, **dict.fromkeys(request.headers.get("more", "").split(), 1)}


@odd.post(permission=NO_PERMISSION_REQUIRED, answer=CountAnswer, status=201, refusal=ProblemAnswer)
def make_odd(request: Any) -> Any:
    """Make."""
    return show(request)


@odd.put(permission="odd:use", answer=Binary("text/csv"))
def put_odd(request: Any) -> Any:
    """Write."""
    if "type" in request.headers:
        return Response(content_type=request.headers["type"], body=b"1")
    return {}


@picky.get(permission="odd:use")
def show_picky(request: Any) -> Any:
    """Look."""
    return {}


def odd_plugin(config: Configurator) -> None:
    config.add_problems(
        {
            "odd_number": Problem(409, "The number is odd.", "Take another."),
            "even_number": Problem(409, "The number is even.", "Take another."),
            "full": Problem(409, "It is full.", "Wait."),
        }
    )
    config.add_resource_node(Root, "odd", Odd)
    config.add_resource_node(Root, "picky", Picky)
    config.add_extension(Course, "level", load=lambda request, rows: {}, answer=field(Whole(1, 9)))
    config.add_extension(
        Course, "motto", load=lambda request, rows: {}, schema=Text(80), store=lambda *given: None, answer=CountAnswer
    )
    config.add_filter(Course, "level", field(Whole(1, 9, is_text=True), description="Of that level."), lambda s, v: s)
    config.add_ordering(Course, "title", Course.title)
    config.add_refusal("courses", ("POST", "GET"), "full")
    for service in (odd, picky):
        config.add_cornice_service(service)


@pytest.fixture(scope="module")
def app() -> Any:
    return build(odd_plugin)


@pytest.fixture(scope="module")
def document(app: Any) -> Any:
    return document_of(app.registry)


@pytest.mark.parametrize(
    ("headers", "wrong"),
    [
        ({"refuse": "even_number"}, "409 even_number is not in its docstring"),
        ({"status": "202"}, "202 is none of its statuses"),
        ({"more": "extra"}, "extra is unknown"),
        ({"more": "label"}, "label must be a string"),
    ],
)
def test_an_answer_that_is_not_declared_fails_its_test(app: Any, headers: dict[str, str], wrong: str) -> None:
    with pytest.raises(AssertionError, match=wrong):
        Client(app).get("/api/odd/", status=None, headers=headers)


def test_what_is_declared_passes(app: Any) -> None:
    Client(app).get("/api/odd/")
    Client(app).get("/api/odd/", status=409, headers={"refuse": "odd_number"})


def test_json_where_a_file_is_declared_fails_its_test(app: Any) -> None:
    with pytest.raises(AssertionError, match="answers JSON where it declares text/csv"):
        Client(app).put("/api/odd/")


def test_an_answer_without_its_headers_fails_its_test(app: Any) -> None:
    with pytest.raises(AssertionError, match="201 without its Location"):
        Client(app).post("/api/odd/", status=201, headers={"status": "201"})


def test_a_file_of_another_type_than_declared_fails_its_test(app: Any) -> None:
    with pytest.raises(AssertionError, match="application/pdf"):
        Client(app).put("/api/odd/", headers={"type": "application/pdf"})


def test_a_protocols_own_refusals_are_told_beside_problems(document: Any) -> None:
    told = document["paths"]["/api/odd/"]["post"]["responses"]
    assert told["401"] == {"$ref": "#/responses/401.invalid_token.json"}
    assert document["responses"]["401.invalid_token.json"]["x-json"] == {"$ref": "#/definitions/Problem2"}
    assert "title" in document["definitions"]["Problem"]["required"]  # nobody's schema takes its place
    assert "x-json" not in document["responses"]["422.invalid"]
    content = to_openapi3(document)["components"]["responses"]["401.invalid_token.json"]["content"]
    assert content["application/problem+json"]["schema"] == {"$ref": "#/components/schemas/Problem"}
    assert content["application/json"]["schema"] == {"$ref": "#/components/schemas/Problem2"}


def test_a_docstring_is_summary_description_and_refusals(document: Any) -> None:
    operation = document["paths"]["/api/odd/"]["get"]
    assert (operation["summary"], operation["description"]) == ("Count.", "Twice. 409 `odd_number`; 413.")
    assert operation["security"][0] == {}
    assert document["responses"]["409.odd_number"]["x-codes"] == ["odd_number"]
    assert "The number is odd." in document["responses"]["409.odd_number"]["description"]
    assert operation["responses"]["413"] == {"$ref": "#/responses/413.payload_too_large"}
    assert document["definitions"]["Count"] == {
        "type": "object",
        "title": "Count",
        "example": {"count": 1, "label": "label", "hint": "hint"},
        "required": ["count", "label"],
        "properties": {
            "count": {"type": "integer", "format": "int32", "minimum": 0, "maximum": 2**31 - 1},
            "label": {"type": "string", "x-nullable": True},
            "hint": {"type": "string"},
        },
    }


def test_extensions_are_described_in_and_out(document: Any) -> None:
    shown = document["definitions"]["Course"]["properties"]["extensions"]["properties"]
    assert shown["level"] == {"x-nullable": True, "type": "integer", "format": "int32", "minimum": 1, "maximum": 9}
    assert shown["motto"] == {"allOf": [{"$ref": "#/definitions/Count"}], "x-nullable": True}
    for name in ("NewCourse", "CourseBody", "CourseBodyPatch"):
        taken = document["definitions"][name]["properties"]["extensions"]
        assert taken["properties"] == {"motto": {"type": "string", "maxLength": 80}}
        assert taken["additionalProperties"] is False
    parameters = {one["name"]: one for one in document["paths"]["/api/courses/"]["get"]["parameters"]}
    assert parameters["expand"]["description"].endswith("Here: headline, level, motto, teacher.")


def test_filters_orderings_and_refusals_of_others_are_in_it(document: Any) -> None:
    listing = document["paths"]["/api/courses/"]["get"]
    parameters = {one["name"]: one for one in listing["parameters"]}
    assert parameters["level"]["maximum"] == 9
    assert parameters["level"]["description"] == "Of that level."
    assert parameters["ordering"]["enum"] == ["created_at", "-created_at", "rank", "title", "-title"]
    assert listing["responses"]["409"] == {"$ref": "#/responses/409.full"}


def test_3_1_says_the_same(document: Any) -> None:
    translated = to_openapi3(document)
    label = translated["components"]["schemas"]["Count"]["properties"]["label"]
    assert label == {"type": ["string", "null"]}
    extensions = translated["components"]["schemas"]["Course"]["properties"]["extensions"]["properties"]
    assert extensions["motto"] == {"anyOf": [{"$ref": "#/components/schemas/Count"}, {"type": "null"}]}
    patch = translated["paths"]["/api/courses/{course_id}/"]["patch"]
    assert set(patch["requestBody"]["content"]) == {"application/merge-patch+json", "application/json"}
    answer = translated["paths"]["/api/odd/"]["put"]["responses"]["200"]["content"]
    assert answer == {"text/csv": {"schema": {"type": "string", "format": "binary"}}}


def test_an_acl_that_asks_the_request_has_no_rules(app: Any) -> None:
    assert rules(app.registry, "/picky", "odd:use") == {}
    assert rules(app.registry, "/odd", "odd:use") == {"admin": "always", "anyone": "always"}
