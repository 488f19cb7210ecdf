"""The Swagger 2.0 document of an application, by cornice_swagger: what its services, schemas and docstrings say."""

import re
from importlib.metadata import version
from typing import Any

from cornice_swagger.swagger import CorniceSwagger, DefinitionHandler
from pyramid.registry import Registry
from pyramid.security import NO_PERMISSION_REQUIRED

from ..answers import Binary, OneOf
from ..dryrun import DryRun
from ..extending import model_of, schemas_of
from ..neighbours import plugin_of
from ..resources import class_at
from ..schemas import UUID_PATTERN, definition_name
from ..service import Service
from ..validation import WRITES, Validator, validator_of
from .permissions import rules
from .refusals import Refusals, refusals_of
from .successes import success_of
from .types import CONVERTERS, Types
from .wording import ANSWERED, BEARER, DESCRIPTION, FAULT_SCHEMA, MEANINGS, PROBLEM_SCHEMA, SECURITY

JSON, PROBLEM, MERGE_PATCH = "application/json", "application/problem+json", "application/merge-patch+json"
FORM = "application/x-www-form-urlencoded"


class Definitions(DefinitionHandler):
    """Every object that has a name stands once, beneath ``definitions``; the rest of the document refers to it."""

    def from_schema(self, schema_node: Any, base_name: str | None = None) -> dict[str, Any]:
        return self.refer(self.type_converter(schema_node))

    def from_answer(self, schema_node: Any) -> dict[str, Any]:
        """The same, open: names may be added to an answer at any time, and ``?explain=`` adds some."""
        if isinstance(schema_node, OneOf):
            described = [self.from_answer(node) for node in schema_node.of if not isinstance(node, Binary)]
            return described[0] if len(described) == 1 else {"x-anyOf": described}
        return self.refer(opened(self.type_converter(schema_node)))

    def refer(self, schema: dict[str, Any]) -> dict[str, Any]:
        """The schema with a reference in the place of every object with keys of its own."""
        if "items" in schema:
            schema["items"] = self.refer(schema["items"])
        for name, child in schema.get("properties", {}).items():
            schema["properties"][name] = self.refer(child)
        if "title" not in schema:
            return schema
        beside: dict[str, Any] = {key: schema.pop(key) for key in ("x-nullable", "description") if key in schema}
        reference = {"$ref": self.json_pointer + self.register(schema)}
        return {"allOf": [reference], **beside} if beside.get("x-nullable") else reference

    def register(self, schema: dict[str, Any]) -> str:
        """The name under which the schema stands: its title, with a number if others have it."""
        name, number = schema["title"], 1
        while self.definition_registry.get(name, schema) != schema:
            number += 1
            name = f"{schema['title']}{number}"
        self.definition_registry[name] = schema
        return str(name)


class Swagger(CorniceSwagger):
    """What cornice_swagger makes of our services: by our types, with all they say."""

    definitions: Any = Definitions
    type_converter = Types
    custom_type_converters = CONVERTERS
    schema_transformers: list[Any] = []

    def __init__(self, registry: Registry) -> None:
        services = sorted(registry.cornice_services.values(), key=lambda service: str(service.path))
        super().__init__(services, pyramid_registry=registry)
        self.definitions.definition_registry |= {"Fault": FAULT_SCHEMA, "Problem": PROBLEM_SCHEMA}
        self.definitions.from_answer(DryRun())
        self.registry = registry
        self.service: Any = None
        self.rules: dict[tuple[str, str], dict[str, str]] = {}

    def generate(self) -> dict[str, Any]:
        document: dict[str, Any] = super().generate(
            title="Course platform",
            version=version("courseplatform"),
            base_path="/",
            info={"description": DESCRIPTION},
            swagger={
                "consumes": [JSON],
                "produces": [JSON],
                "securityDefinitions": SECURITY,
            },
        )
        for part in ("definitions", "paths", "responses"):
            document[part] = dict(sorted(document[part].items()))
        document["tags"] = sorted(document["tags"], key=lambda tag: tag["name"])
        return document

    def _extract_path_from_service(self, service: Any) -> tuple[str, dict[str, Any]]:
        self.service = service
        path = getattr(service, "public_path", service.path)
        parameters = [self.path_parameter(name) for name in re.findall(r"\{(\w+)\}", path)]
        return path, {"parameters": parameters} if parameters else {}

    def path_parameter(self, name: str) -> dict[str, Any]:
        pattern = re.search(rf"\{{{name}:([^/]*)\}}", self.service.path)
        found: dict[str, Any] = {"name": name, "in": "path", "required": True, "type": "string"}
        if pattern is None or pattern[1] == UUID_PATTERN:
            return {**found, "format": "uuid"} if pattern else found
        return {**found, "pattern": f"^{pattern[1]}$"}

    def _extract_operation_from_view(self, view: Any, args: dict[str, Any]) -> dict[str, Any]:
        validator = validator_of(args)
        if validator is None or not isinstance(self.service, Service):  # a plugin's plain Cornice service
            operation: dict[str, Any] = super()._extract_operation_from_view(view, args)
            return operation
        permission = args["permission"]
        refusals = refusals_of(self.registry, self.service, view, validator, permission)
        summary, _, rest = text_of(view.__doc__ or "").partition("\n\n")
        operation = {
            "operationId": f"{validator.method.lower()}_{self.service.name}",
            "tags": [plugin_of(self.registry, view.__module__).rpartition(".")[2]],
            "summary": summary.replace("\n", " "),
            "parameters": [*self.headers(validator), *self.inputs(validator)],
            "responses": {**self.successes(validator), **self.refusals(validator, refusals)},
            **self.access(permission, validator.method),
        }
        if rest.strip():
            operation["description"] = rest.strip()
        if validator.deprecated_on is not None:
            operation["deprecated"] = True
        if validator.method != "GET" and validator.has_dry_run:
            operation["x-dry-run"] = True  # and its answer is the definition DryRun
        operation.update(self.content_types(validator))
        return operation

    def access(self, permission: str, method: str) -> dict[str, Any]:
        """Who may, by role, and what a program's token needs."""
        if permission == NO_PERMISSION_REQUIRED:
            # What is posted by anyone is a way to become someone: generated clients ask for no token there.
            return {"security": [] if method == "POST" else [{}, *BEARER], "x-permissions": {"anyone": "always"}}
        asked = (self.service.traverse, str(permission))
        if asked not in self.rules:
            self.rules[asked] = rules(self.registry, *asked)
        found = self.rules[asked]
        restrictions = self.registry["restrictions"].get(permission, ())
        node_class = class_at(self.registry, self.service.traverse)
        narrowing = [one.in_public() for one in restrictions if one.concerns(node_class, method)]
        scopes = sorted(scope.name for scope in self.registry["scopes"].values() if scope.covers(permission, method))
        return {
            "security": [{}, *BEARER] if "anyone" in found else BEARER,
            "x-permission": str(permission),
            "x-permissions": found,
            "x-scopes": scopes,
            **({"x-restrictions": narrowing} if narrowing else {}),
        }

    def headers(self, validator: Validator) -> list[dict[str, Any]]:
        found = []
        if validator.method in WRITES:
            found.append(header("If-Match", "The ETag of what the change is of.", is_required=validator.requires_match))
        if validator.method != "GET" and validator.has_dry_run:
            found.append(header("Prefer", "`dry-run`: change nothing, answer 200 and what would be, a `DryRun`."))
        if validator.method == "POST":
            found.append(header("Idempotency-Key", "A new UUID for each thing to be done: sent twice, done once."))
        if 206 in (validator.status or ()):
            found.append(header("Range", "`bytes=0-1023`: a part of the file."))
        if validator.method == "GET":
            found.append(header("If-None-Match", "The ETag that you have: 304 while it is still so."))
        return found

    def inputs(self, validator: Validator) -> list[dict[str, Any]]:
        schemas = schemas_of(self.registry, validator)
        found = [self.query_parameter(node) for node in schemas.query.children if self.is_of_use(node)]
        if validator.form is not None:
            found += [
                {**self.type_converter_of(node), "name": node.name, "in": "formData", "required": node.required}
                for node in validator.form.children
            ]
        elif validator.body is not None and not validator.is_empty:
            found.append({"name": "body", "in": "body", "required": True, "schema": self.body_schema(schemas.body)})
        return found

    def type_converter_of(self, node: Any) -> dict[str, Any]:
        converted: dict[str, Any] = self.definitions.type_converter(node)
        return converted

    def query_parameter(self, node: Any) -> dict[str, Any]:
        found = {**self.type_converter_of(node), "name": node.name, "in": "query", "required": node.required}
        if found.get("default") == "":  # generated clients would send it with every request
            del found["default"]
        if node.name == "expand":
            keys = sorted(self.registry["extensions"].get(self.shown_model(), {}))
            found["description"] += " Here: " + ", ".join(keys) + "."
        return found

    def is_of_use(self, node: Any) -> bool:
        return node.name != "expand" or bool(self.registry["extensions"].get(self.shown_model()))

    def shown_model(self) -> Any:
        node_class = class_at(self.registry, self.service.traverse)
        return node_class and model_of(node_class)

    def body_schema(self, schema: Any) -> dict[str, Any]:
        """A JSON body; a file comes in a form only."""
        schema = schema.clone()
        schema.children = [node for node in schema.children if not getattr(node.typ, "is_file", False)]
        found: dict[str, Any] = self.definitions.from_schema(schema)
        return found

    def content_types(self, validator: Validator) -> dict[str, Any]:
        """What it takes and gives where that is not plain JSON. Swagger 2.0 has no word for JSON *or* a form."""
        found: dict[str, Any] = {"produces": [JSON, PROBLEM]}
        success = success_of(self.registry, self.service, validator)
        if isinstance(success.schema, Binary):
            found["produces"] = [success.schema.content_type, PROBLEM]
        elif isinstance(success.schema, OneOf):
            also = [node.content_type for node in success.schema.of if isinstance(node, Binary)]
            found["produces"] = [JSON, *also, PROBLEM]
        if validator.form is not None:
            found["consumes"] = [FORM]
        elif validator.method == "PATCH":
            found["consumes"] = [MERGE_PATCH, JSON]
        elif hasattr(validator.reader, "also_takes"):
            found["consumes"] = [JSON, *validator.reader.also_takes]
        elif validator.reader is not None and validator.body is not None:
            found["consumes"] = [JSON]
            found["x-form"] = {
                "title": definition_name(validator.body).removesuffix("Body") + "Upload",
                "type": "object",
                "properties": {node.name: self.type_converter_of(node) for node in validator.body.children},
                "additionalProperties": False,
            }
        return found

    def successes(self, validator: Validator) -> dict[str, Any]:
        success = success_of(self.registry, self.service, validator)
        found = {}
        for status in success.statuses:
            response: dict[str, Any] = {"description": MEANINGS[status]}
            if isinstance(success.schema, Binary):
                response["schema"] = {"type": "string", "format": "binary"}
            elif success.schema is not None and status not in (302, 307):
                response["schema"] = self.definitions.from_answer(success.schema)
            if headers := success.headers(status):
                response["headers"] = {name: ANSWERED[name] for name in headers}
            found[str(status)] = response
        if validator.method == "GET":
            found["304"] = {"description": MEANINGS[304]}
        return found

    def refusals(self, validator: Validator, refusals: Refusals) -> dict[str, Any]:
        """The same refusals stand once, beneath ``responses``. ``x-json``: the other form that some take."""
        own = self.definitions.from_answer(validator.refusal()) if validator.refusal else None
        problems, found = self.registry["problems"], {}
        for status, codes in refusals.items():
            is_own = own is not None and status in (400, 401)
            name = ".".join([str(status), *codes, *(["json"] if is_own else [])])
            self.responses.response_registry[name] = {
                "description": "\n\n".join(f"`{code}`: {problems[code].cause}" for code in codes),
                "schema": {"$ref": "#/definitions/Problem"},
                "x-codes": codes,
                **({"x-json": own} if is_own else {}),
            }
            found[str(status)] = {"$ref": f"#/responses/{name}"}
        return found


def opened(schema: dict[str, Any]) -> dict[str, Any]:
    """A converted schema whose objects may have further keys."""
    kept = {name: value for name, value in schema.items() if name != "additionalProperties"}
    if "items" in kept:
        kept["items"] = opened(kept["items"])
    if "properties" in kept:
        kept["properties"] = {name: opened(child) for name, child in kept["properties"].items()}
    return kept


def header(name: str, description: str, *, is_required: bool = False) -> dict[str, Any]:
    return {"name": name, "in": "header", "type": "string", "required": is_required, "description": description}


def text_of(docstring: str) -> str:
    """A docstring as Markdown."""
    lines = [line.strip() for line in docstring.strip().splitlines()]
    return re.sub(r"``([^`]*)``", r"`\1`", "\n".join(lines))


def document_of(registry: Registry) -> dict[str, Any]:
    return Swagger(registry).generate()
