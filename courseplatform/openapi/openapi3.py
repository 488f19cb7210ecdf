"""The OpenAPI 3.1 document, from the Swagger 2.0 one: the same operations for tools that know no 2.0."""

from typing import Any

#: What a parameter of 2.0 says of its values, which 3.1 says in a schema.
OF_SCHEMA = (
    "type", "format", "items", "default", "enum", "pattern", "minimum", "maximum", "minLength", "maxLength", "maxItems",
)  # fmt: skip
REFERENCES = {"#/definitions/": "#/components/schemas/", "#/responses/": "#/components/responses/"}
METHODS = ("get", "post", "put", "patch", "delete")
#: Of 2.0 the key is a whole header; here whoever sends the token adds the word ``Bearer``.
PASTED = "An access token: of a sign-in, of OAuth 2.1, or a personal one."
UPLOAD, PROBLEM = "multipart/form-data", "application/problem+json"

Json = dict[str, Any]


def to_openapi3(swagger: Json) -> Json:
    """Source: https://spec.openapis.org/oas/v3.1.0"""
    return {
        "openapi": "3.1.0",
        "info": swagger["info"],
        "servers": [{"url": swagger["basePath"]}],
        "tags": swagger["tags"],
        "paths": {path: path_item(item) for path, item in swagger["paths"].items()},
        "components": {
            "schemas": {name: schema(one) for name, one in {**swagger["definitions"], **forms(swagger)}.items()},
            "responses": {name: response(one, [PROBLEM]) for name, one in swagger["responses"].items()},
            "securitySchemes": {
                "bearer": {"type": "http", "scheme": "bearer", "description": PASTED},
            },
        },
    }


def forms(swagger: Json) -> Json:
    """What 2.0 has no word for: the multipart twins of JSON bodies, by name."""
    operations = (item[method] for item in swagger["paths"].values() for method in METHODS if method in item)
    return {one["x-form"]["title"]: one["x-form"] for one in operations if "x-form" in one}


def path_item(item: Json) -> Json:
    found: Json = {method: operation(item[method]) for method in METHODS if method in item}
    if "parameters" in item:
        found["parameters"] = [parameter(one) for one in item["parameters"]]
    return found


def operation(given: Json) -> Json:
    gone = ("consumes", "produces", "parameters", "responses", "x-form")
    found = {name: value for name, value in given.items() if name not in gone}
    found["parameters"] = [
        parameter(one) for one in given.get("parameters", ()) if one["in"] not in ("body", "formData")
    ]
    content = request_content(given)
    if content:
        found["requestBody"] = {"required": True, "content": content}
    produced = [one for one in given.get("produces", ["application/json"]) if one != PROBLEM]
    found["responses"] = {status: response(one, produced) for status, one in given["responses"].items()}
    return found


def request_content(given: Json) -> Json:
    """Content type → its schema."""
    consumed = given.get("consumes", ["application/json"])
    bodies = [one["schema"] for one in given.get("parameters", ()) if one["in"] == "body"]
    content = {one: {"schema": schema_in(one, bodies[0])} for one in consumed if bodies}
    fields = [one for one in given.get("parameters", ()) if one["in"] == "formData"]
    if fields:
        form = {
            "type": "object",
            "properties": {one["name"]: parameter(one)["schema"] for one in fields},
            "required": [one["name"] for one in fields if one["required"]],
        }
        content |= {one: {"schema": form} for one in consumed}
    if "x-form" in given:
        content[UPLOAD] = {"schema": {"$ref": "#/components/schemas/" + given["x-form"]["title"]}}
    return content


def parameter(given: Json) -> Json:
    found = {name: value for name, value in given.items() if name not in (*OF_SCHEMA, "x-nullable")}
    return {**found, "schema": schema({name: given[name] for name in OF_SCHEMA if name in given})}


def response(given: Json, produced: list[str]) -> Json:
    if "$ref" in given:
        return {"$ref": referred(given["$ref"])}
    found = {name: value for name, value in given.items() if name not in ("schema", "headers", "x-json")}
    if "schema" in given:
        found["content"] = {one: {"schema": schema_in(one, given["schema"])} for one in produced}
    if "x-json" in given:
        found["content"]["application/json"] = {"schema": schema(given["x-json"])}
    if "headers" in given:
        found["headers"] = {name: header(one) for name, one in given["headers"].items()}
    return found


def schema_in(content_type: str, given: Json) -> Json:
    """What stands beside JSON as text, a table say, has no schema but that."""
    return {"type": "string"} if content_type.startswith("text/") and given.get("type") != "string" else schema(given)


def header(given: Json) -> Json:
    """A response's; ``required`` has no word in 2.0."""
    found = parameter(given)
    return {**found, "required": True} if found.pop("x-required", False) else found


def schema(given: Json) -> Json:
    """A schema in JSON Schema 2020-12, where null is a type and a reference may have neighbours."""
    found: Json = {}
    for name, value in given.items():
        if name == "$ref":
            found["$ref"] = referred(value)
        elif name == "properties":
            found["properties"] = {key: schema(child) for key, child in value.items()}
        elif name in ("items", "additionalProperties") and isinstance(value, dict):
            found[name] = schema(value)
        elif name in ("x-anyOf", "allOf"):
            found[name.removeprefix("x-")] = [schema(one) for one in value]
        elif name == "type" and value == "file":
            # 3.1 itself knows no format "binary", but generators make a file of nothing else.
            found |= {"type": "string", "format": "binary", "contentMediaType": "application/octet-stream"}
        elif name != "x-nullable":
            found[name] = value
    return nullable(found) if given.get("x-nullable") else found


def nullable(given: Json) -> Json:
    if "allOf" in given:
        rest = {name: value for name, value in given.items() if name != "allOf"}
        return {"anyOf": [*given["allOf"], {"type": "null"}], **rest}
    if "enum" in given:  # else generators take null for one of the words
        return {"anyOf": [given, {"type": "null"}]}
    return {**given, "type": [given["type"], "null"]} if "type" in given else given


def referred(pointer: str) -> str:
    for old, new in REFERENCES.items():
        pointer = pointer.replace(old, new)
    return pointer
