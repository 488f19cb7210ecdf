"""Bad JSON bodies: the whole, and every field of it, however deep."""

import copy
import json
import random
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from tests.contracts.bad_input.calls import JSON, Bad, Call
from tests.contracts.bad_input.operations import Operation
from tests.contracts.bad_input.values import MARKER, Value, bad_values, minimal

Path = tuple[str | int, ...]
HERE = "f8c1-here"

#: No JSON document, whatever the operation.
MALFORMED = (
    b"", b" ", b"{", b"}", b"[]", b"null", b"true", b"0", b'""', b"{}{}", b"{},", b"{'a': 1}", b'{"a": 1,}', b'{"a" 1}',
    b'{"a": 1} // x', b'{"a": /**/ 1}', b"\xef\xbb\xbf{}", b"\x00", b"\xff\xfe{\x00}\x00", b'{"\xff": 1}',
    b'{"a": "\xc0\x80"}',
    b'{"a": "\xed\xa0\x80"}', b'{"a": "\xf4\x90\x80\x80"}', b'{"a": "\x01"}', b'{"a": "\\x41"}', b'{"a": "\\u12"}',
    b'{"a": "', b'{"a": "\\', b"[" * 100_000, b'{"a":' * 10_000, b"\x1f\x8b\x08\x00", b"<a/>", b"a=1&b=2", b"\r\n\r\n",
    b'{"\\u0000": 1}', b'{"\\ud800": 1}', b"{" + b" " * 2_100_000 + b"}",
)  # fmt: skip

#: Not what a JSON body is sent as.
CONTENT_TYPES = (
    "", "text/plain", "text/json", "application/jsonp", "application/json-patch+json", "application/vnd.api+json",
    "application/x-www-form-urlencoded", "multipart/form-data", "multipart/form-data; boundary=x", "*/*", "json", "/",
    "application/xml", "application/json; charset=foo", "application/json; charset=utf-16",
    "application/json;charset=\xff",
    "application/json; charset=\"utf-8\\\"", "\xff/\xfe", "application/octet-stream", "application/json, text/plain",
    f"application/{MARKER}", f"application/json; charset={MARKER}",
)  # fmt: skip


def bad_bodies(operation: Operation, rng: random.Random) -> Iterator[Bad]:
    schema, base = operation.json_schema, operation.base
    if schema is None:
        if operation.method in ("POST", "PUT", "PATCH", "DELETE") and not operation.contents:
            yield from unwanted(operation)
        return
    if base.content_type != JSON:
        base = replace(base.with_json(minimal(schema, operation.resolved)), content_type=JSON)
    for content in MALFORMED:
        yield Bad("body", f"{content[:30]!r}", replace(base, body=content), "", True)
    for content_type in CONTENT_TYPES:
        # A form is another operation's way in, where there is one.
        is_refused = content_type.partition(";")[0] not in operation.contents or "charset" in content_type
        marker = MARKER if MARKER in content_type else ""
        yield Bad("content type", repr(content_type), replace(base, content_type=content_type), marker, is_refused)
    yield from doubled(base)
    yield from fields(operation, schema, base)
    yield from damaged(base, rng)


def unwanted(operation: Operation) -> Iterator[Bad]:
    """A body for an operation that takes none; of the one its bytes are the file, of the other the form of OIDC."""
    is_raw = operation.name in ("put_upload_content", "post_oauth_userinfo")
    for content in (b'{"a": "' + MARKER.encode() + b'"}', b"[]", b"{", b"\xff", MARKER.encode()):
        call = replace(operation.base, body=content, content_type=JSON)
        yield Bad("body", f"unwanted {content[:20]!r}", call, MARKER, not is_raw)


def doubled(base: Call) -> Iterator[Bad]:
    """A key twice: readers differ in which they take."""
    for name, value in base.document.items():
        twice = f"{{{json.dumps(name)}: {json.dumps(MARKER)}, {json.dumps(name)}: {json.dumps(value)}}}"
        yield Bad("body", f"{name} twice", replace(base, body=twice.encode()), MARKER, True)


def damaged(base: Call, rng: random.Random) -> Iterator[Bad]:
    """As it comes through a bad line: bytes changed, dropped, doubled, cut off."""
    content = base.body or b"{}"
    for number in range(20):
        at = rng.randrange(len(content))
        changed = (
            content[:at] + bytes([rng.randrange(256)]) + content[at + 1 :],
            content[:at],
            content[:at] + content[at + 1 :],
            content[:at] + content[at:] * 2,
            rng.randbytes(rng.randrange(1, 200)),
        )[number % 5]
        yield Bad("body", f"damaged {changed[:60]!r}", replace(base, body=changed))


def fields(operation: Operation, schema: dict[str, Any], base: Call) -> Iterator[Bad]:
    if schema.get("additionalProperties") is False:
        for name in ("unknown", "id", "created_at", "is_admin", "__class__", "$where", "", "é" * 300):
            if name not in schema.get("properties", {}):
                call = base.with_json({**base.document, name: MARKER})
                yield Bad("body", f"the unknown key {name[:20]!r}", call, MARKER, True)
        many = {f"k{number}": MARKER for number in range(20_000)}
        yield Bad("body", "20,000 unknown keys", base.with_json({**base.document, **many}), MARKER, True)
    for name in schema.get("required", ()) if operation.method != "PATCH" else ():
        lacking = {key: value for key, value in base.document.items() if key != name}
        yield Bad("field", f"{name} left out", base.with_json(lacking), "", True)
    for path, part in parts(schema, operation.resolved):
        filled = reach(base.document, schema, path, operation.resolved)
        example = minimal(part.get("items", {}), operation.resolved) if "items" in part else None
        for value in bad_values(part, example):
            yield Bad("field", f"{dotted(path)}: {value.label}", with_value(base, filled, path, value), *value[2:])


def parts(schema: dict[str, Any], resolved: Any, path: Path = ()) -> Iterator[tuple[Path, dict[str, Any]]]:
    """Every field, those of objects in lists too."""
    for name, part in schema.get("properties", {}).items():
        yield from below(resolved(part), resolved, (*path, name))


def below(part: dict[str, Any], resolved: Any, path: Path) -> Iterator[tuple[Path, dict[str, Any]]]:
    yield path, part
    if "items" in part:
        yield from below(resolved(part["items"]), resolved, (*path, 0))
    yield from parts(part, resolved, path)


def reach(document: Any, schema: dict[str, Any], path: Path, resolved: Any) -> Any:
    """The document with all that a path leads through, and a place where it ends."""
    document = at = copy.deepcopy(document)
    part = schema
    for step in path:
        part = resolved(part["items"] if isinstance(step, int) else part["properties"][step])
        if isinstance(at, list):
            if not at:
                at.append(minimal(part, resolved))
        elif at.get(step) is None:
            at[step] = minimal(part, resolved)
        at = at[step]
    return document


def with_value(base: Call, filled: Any, path: Path, value: Value) -> Call:
    document = at = copy.deepcopy(filled)
    for step in path[:-1]:
        at = at[step]
    at[path[-1]] = HERE
    text = json.dumps(document).replace(json.dumps(HERE), value.text)
    return replace(base, body=text.encode("utf-8", "surrogatepass"))


def dotted(path: Path) -> str:
    return ".".join(map(str, path))
