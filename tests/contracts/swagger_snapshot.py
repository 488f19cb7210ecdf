"""The contract with client developers as a file, and what breaks them between two of its states.

``python -m tests.contracts.swagger_snapshot`` writes ``contract/swagger.json``; with ``--release`` also
``contract/swagger-released.json``, which is what the next changes are measured against.
"""

import json
import sys
import tempfile
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from courseplatform.openapi.document import document_of
from courseplatform.openapi.openapi3 import METHODS

ROOT = Path(__file__).resolve().parents[2]
FOLDER = Path(__file__).with_name("contract")
CHANGELOG = ROOT / "CHANGELOG.md"

Json = dict[str, Any]


@dataclass(frozen=True)
class Change:
    operation: str
    what: str


def snapshot(document: Any) -> Any:
    """The document without its sentences: those may become better at any time."""
    if isinstance(document, dict):
        return {
            name: snapshot(value)
            for name, value in document.items()
            if not (name in ("description", "summary", "version") and isinstance(value, str))
        }
    return [snapshot(value) for value in document] if isinstance(document, list) else document


def breaking(old: Json, new: Json) -> list[Change]:
    """What a client of the old document could do, and can't rely on any more."""
    before, after = by_id(old), by_id(new)
    found = [Change(name, "is gone") for name in before if name not in after]
    for name in before.keys() & after.keys():
        for what in (
            *narrowed_input(old, before[name], new, after[name]),
            *changed_output(old, before[name], new, after[name]),
        ):
            found.append(Change(name, what))
    return sorted(found, key=lambda change: (change.operation, change.what))


def by_id(document: Json) -> Json:
    return {
        item[method]["operationId"]: {**item[method], "path": path, "method": method}
        for path, item in document["paths"].items()
        for method in METHODS
        if method in item
    }


def narrowed_input(old: Json, before: Json, new: Json, after: Json) -> Iterator[str]:
    for part in ("path", "method"):
        if before[part] != after[part]:
            yield f"has another {part}"
    if not set(before.get("consumes", ())) <= set(after.get("consumes", ())):
        yield "takes a content type no more"
    known = {(one["in"], one["name"]): one for one in before.get("parameters", ())}
    given = {(one["in"], one["name"]): one for one in after.get("parameters", ())}
    yield from (f"takes {name} no more" for (_, name) in known.keys() - given.keys())
    yield from (
        f"requires {key[1]}" for key, one in given.items() if one["required"] and not known.get(key, {}).get("required")
    )
    for key in known.keys() & given.keys():
        yield from narrowed(old, values_of(known[key]), new, values_of(given[key]), key[1])


def values_of(parameter: Json) -> Json:
    return parameter.get("schema", {name: value for name, value in parameter.items() if name != "required"})


def changed_output(old: Json, before: Json, new: Json, after: Json) -> Iterator[str]:
    for status, response in before["responses"].items():
        if status[0] != "2":
            continue
        if status not in after["responses"]:
            yield f"answers {status} no more"
        else:
            yield from widened(old, response.get("schema", {}), new, after["responses"][status].get("schema", {}), "")


def narrowed(old: Json, before: Json, new: Json, after: Json, name: str) -> Iterator[str]:
    """What a schema took, and takes no more."""
    before, after = resolved(old, before), resolved(new, after)
    if before.get("type") != after.get("type") or before.get("format") != after.get("format"):
        yield f"{name} is of another type"
    if before.get("x-nullable") and not after.get("x-nullable"):
        yield f"{name} may be null no more"
    if not set(before.get("enum", ())) <= set(after.get("enum", before.get("enum", ()))) or (
        "enum" in after and "enum" not in before
    ):
        yield f"{name} has fewer words"
    for bound in ("maximum", "maxLength", "maxItems"):
        if after.get(bound, float("inf")) < before.get(bound, float("inf")):
            yield f"{name} has a lower {bound}"
    for bound in ("minimum", "minLength"):
        if after.get(bound, float("-inf")) > before.get(bound, float("-inf")):
            yield f"{name} has a higher {bound}"
    if "pattern" in after and after.get("pattern") != before.get("pattern"):
        yield f"{name} has another pattern"
    yield from (f"requires {name}.{one}" for one in set(after.get("required", ())) - set(before.get("required", ())))
    old_fields, new_fields = before.get("properties", {}), after.get("properties", {})
    yield from (f"takes {name}.{one} no more" for one in old_fields.keys() - new_fields.keys())
    for one in old_fields.keys() & new_fields.keys():
        yield from narrowed(old, old_fields[one], new, new_fields[one], f"{name}.{one}")
    if "items" in before and "items" in after:
        yield from narrowed(old, before["items"], new, after["items"], f"{name}.0")


def widened(old: Json, before: Json, new: Json, after: Json, name: str) -> Iterator[str]:
    """What a reader of a schema could rely on, and can no more."""
    before, after = resolved(old, before), resolved(new, after)
    if before.get("type") != after.get("type") or before.get("format") != after.get("format"):
        yield f"{name} is of another type"
    if after.get("x-nullable") and not before.get("x-nullable"):
        yield f"{name} may be null"
    yield from (
        f"{name}.{one} may be missing" for one in set(before.get("required", ())) - set(after.get("required", ()))
    )
    old_fields, new_fields = before.get("properties", {}), after.get("properties", {})
    yield from (f"{name}.{one} is gone" for one in old_fields.keys() - new_fields.keys())
    for one in old_fields.keys() & new_fields.keys():
        yield from widened(old, old_fields[one], new, new_fields[one], f"{name}.{one}")
    if "items" in before and "items" in after:
        yield from widened(old, before["items"], new, after["items"], f"{name}.0")


def resolved(document: Json, schema: Json) -> Json:
    if "allOf" in schema:
        return {**resolved(document, schema["allOf"][0]), **{k: v for k, v in schema.items() if k != "allOf"}}
    pointer = schema.get("$ref", "")
    return document["definitions"][pointer.rpartition("/")[2]] if pointer else schema


def built_in() -> Any:
    """The document of the platform as it comes, whatever pytest was told to switch on. Asks no database anything."""
    from courseplatform import configure
    from courseplatform.testing import without_environment

    options = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["pytest"]["ini_options"]
    with tempfile.TemporaryDirectory() as folder, without_environment():
        settings = {
            "courseplatform.plugins": " ".join(options["courseplatform_plugins"]),
            "courseplatform.var_dir": folder,
            "database.url": "postgresql://nobody@localhost/none",
            "accounts.token_secret": "kY3r0m5Qx8TzN1vBc7LwJ2hGf9DsA4pE",
            "http.base_url": "https://courses.test",
            "mail.folder": folder,
        }
        return json.loads(json.dumps(document_of(configure(settings).registry)))


if __name__ == "__main__":
    now = snapshot(built_in())
    (FOLDER / "swagger.json").write_text(json.dumps(now, indent=1, sort_keys=True) + "\n")
    if "--release" in sys.argv:  # to be compared with, not to be read
        (FOLDER / "swagger-released.json").write_text(json.dumps(now, sort_keys=True) + "\n")
