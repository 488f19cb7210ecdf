"""What counts as a change that breaks clients."""

import copy
from typing import Any

import pytest

from tests.contracts.swagger_snapshot import breaking

DOCUMENT: dict[str, Any] = {
    "definitions": {
        "Body": {
            "type": "object",
            "required": ["title"],
            "properties": {
                "title": {"type": "string", "maxLength": 200},
                "status": {"type": "string", "enum": ["draft", "published"]},
                "due_at": {"type": "string", "format": "date-time", "x-nullable": True},
            },
        },
        "Course": {
            "type": "object",
            "required": ["id", "title"],
            "properties": {
                "id": {"type": "string"},
                "title": {"type": "string"},
                "tags": {"type": "array", "items": {"type": "string"}},
            },
        },
    },
    "paths": {
        "/courses/": {
            "post": {
                "operationId": "post_courses",
                "consumes": ["application/json"],
                "parameters": [
                    {
                        "in": "query",
                        "name": "limit",
                        "type": "integer",
                        "maximum": 100,
                        "minimum": 1,
                        "required": False,
                    },
                    {"in": "body", "name": "body", "required": True, "schema": {"$ref": "#/definitions/Body"}},
                ],
                "responses": {"201": {"schema": {"$ref": "#/definitions/Course"}}, "409": {}},
            }
        }
    },
}


def post(document: Any) -> Any:
    return document["paths"]["/courses/"]["post"]


def field(document: Any, definition: str, name: str) -> Any:
    return document["definitions"][definition]["properties"][name]


BREAKING = {
    "the operation is gone": lambda d: d["paths"].clear(),
    "a parameter is gone": lambda d: post(d)["parameters"].pop(0),
    "a parameter is required": lambda d: post(d)["parameters"][0].update(required=True),
    "a parameter's maximum falls": lambda d: post(d)["parameters"][0].update(maximum=50),
    "a parameter's minimum rises": lambda d: post(d)["parameters"][0].update(minimum=2),
    "a content type is gone": lambda d: post(d).update(consumes=[]),
    "a status is gone": lambda d: post(d)["responses"].pop("201"),
    "a field of the body is gone": lambda d: d["definitions"]["Body"]["properties"].pop("status"),
    "a field of the body is required": lambda d: d["definitions"]["Body"]["required"].append("status"),
    "a field of the body is shorter": lambda d: field(d, "Body", "title").update(maxLength=100),
    "a word is gone": lambda d: field(d, "Body", "status").update(enum=["draft"]),
    "null is refused": lambda d: field(d, "Body", "due_at").pop("x-nullable"),
    "a field of the answer is gone": lambda d: d["definitions"]["Course"]["properties"].pop("title"),
    "a field of the answer may be missing": lambda d: d["definitions"]["Course"]["required"].remove("title"),
    "a field of the answer may be null": lambda d: field(d, "Course", "title").update({"x-nullable": True}),
    "a field of the answer is of another type": lambda d: field(d, "Course", "title").update(type="integer"),
    "what a list holds is of another type": lambda d: field(d, "Course", "tags")["items"].update(type="integer"),
}
HARMLESS = {
    "another operation": lambda d: d["paths"].update({"/x/": {"get": {"operationId": "get_x", "responses": {}}}}),
    "an optional parameter": lambda d: post(d)["parameters"].append(
        {"in": "query", "name": "x", "type": "string", "required": False}
    ),
    "another content type": lambda d: post(d)["consumes"].append("text/csv"),
    "an optional field of the body": lambda d: d["definitions"]["Body"]["properties"].update(x={"type": "string"}),
    "another field of the answer": lambda d: d["definitions"]["Course"]["properties"].update(x={"type": "string"}),
    "a longer title": lambda d: field(d, "Body", "title").update(maxLength=300),
    "another word": lambda d: field(d, "Body", "status").update(enum=["draft", "published", "archived"]),
    "another refusal": lambda d: post(d)["responses"].update({"403": {}}),
}


@pytest.mark.parametrize("change", BREAKING.values(), ids=BREAKING)
def test_it_breaks_clients(change: Any) -> None:
    changed = copy.deepcopy(DOCUMENT)
    change(changed)
    assert [one.operation for one in breaking(DOCUMENT, changed)] == ["post_courses"]


@pytest.mark.parametrize("change", HARMLESS.values(), ids=HARMLESS)
def test_it_breaks_nobody(change: Any) -> None:
    changed = copy.deepcopy(DOCUMENT)
    change(changed)
    assert breaking(DOCUMENT, changed) == []
