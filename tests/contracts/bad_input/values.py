"""Bad JSON for a schema of the document, as text: what no JSON writer would write is among it."""

import json
from collections.abc import Iterator
from typing import Any, NamedTuple

#: A text that is nowhere else. Values that are no text have a face of their own.
MARKER = "zqx81markerxqz"
INT4, INT8 = 2**31, 2**63
A_TEXT = "d5a0c3f1"

#: Texts that PostgreSQL, JSON or a terminal may stumble over, but that a person may write.
STRANGE = (
    "\u202eright to left", "\u2066isolated", "\ufefffirst", "\u200d\u200c", "e\u0301\u0301\u0301" * 50,
    "\U0001f468\u200d\U0001f469\u200d\U0001f467", "\ufffe\uffff", "\U0010ffff", "\ue000", "\U000e0041", "\u2028\u2029",
    "\u0130\u0131\ufb03\u1e9e", "\u0660\u0661", "\u3164", "Ω≈ç√∫˜µ≤≥÷", "жук", "'; DROP TABLE users; --", "${jndi:ldap://x}",
    "{{7*7}}", "%s%n%x", "../../etc/passwd", "<script>", "=1+1", "\\", "\\x00", "\\u0000", "a\tb\nc\r\nd",
)  # fmt: skip
#: Texts that none may be.
REFUSED = ("\\u0000", "\\ud800", "\\udfff\\ud800", "\\u0007", "\\u001b[31m", "\\u007f", "\\b")
#: No JSON at all, or numbers beyond any.
NO_NUMBERS = ("NaN", "Infinity", "-Infinity", "+1", "01", "1.", ".5", "0x10", "1_000", "undefined", "1e", "'a'")

MOMENTS = (
    "2026-13-01T00:00:00Z", "2026-02-30T00:00:00Z", "2026-01-01T24:00:01Z", "2026-01-01T00:60:00Z",
    "2026-01-01T00:00:00", "2026-01-01", "2026-01-01 00:00:00Z", "20260101T000000Z", "2026-W01-1T00:00:00Z",
    "2026-001T00:00:00Z", "2026-01-01T00:00:00+24:00", "2026-01-01T00:00:00+0100", "2026-01-01T00:00:00 +01:00",
    "9999-12-31T23:59:59-23:59", "0001-01-01T00:00:00+23:59", "0000-01-01T00:00:00Z", "10000-01-01T00:00:00Z",
    "-0001-01-01T00:00:00Z", "1969-12-31T23:59:59Z", "9000-01-01T00:00:01Z", "2026-01-01T00:00:00.Z",
    "٢٠٢٦-01-01T00:00:00Z", "1767225600", "now", "infinity", "epoch", "2026-01-01T00:00:00Z[Europe/Berlin]",
)  # fmt: skip
#: At the edges, and right.
EDGES_OF_TIME = (
    "1970-01-01T00:00:00Z", "8999-12-31T23:59:59.999999Z", "2026-02-28T23:59:59+23:59", "2028-02-29T00:00:00-23:59",
    "2026-01-01t00:00:00z", "2026-01-01T00:00:00.123456789Z", "2016-12-31T23:59:60Z",
)  # fmt: skip
IDS = (
    "", "1", "0", "null", "not-a-uuid", "{00000000-0000-7000-8000-000000000000}", "00000000000070008000000000000000",
    "urn:uuid:00000000-0000-7000-8000-000000000000", "00000000-0000-7000-8000-00000000000", "g" * 36,
    "00000000-0000-7000-8000-0000000000000", "００000000-0000-7000-8000-000000000000", " " * 36,
)  # fmt: skip
URLS = (
    "x", "//example.org/", "javascript:alert(1)", "data:text/html,x", "file:///etc/passwd", "ftp://example.org/",
    "http://", "https://:443/", "http://user@example.org/", "http://example.org:99999/", "http://exa mple.org/",
    "http://[::1/", "http://[fe80::1%25eth0]:x/", "http:example.org",
)  # fmt: skip


class Value(NamedTuple):
    """``text``: as in the body. ``is_refused``: whether the schema says so."""

    label: str
    text: str
    marker: str = ""
    is_refused: bool = False


def types_of(schema: dict[str, Any]) -> set[str]:
    named = schema.get("type", ())
    found = {named} if isinstance(named, str) else set(named)
    return found | ({"number"} & found and {"integer"})


def no_values(schema: dict[str, Any]) -> Iterator[Value]:
    """Of other types, and what is no JSON."""
    types = types_of(schema)
    if not types:
        return
    others = {
        "null": ["null"],
        "boolean": ["true", "false"],
        "integer": ["0", "90071992547409931", "-81726354"],
        "number": ["1.5", "81726354.25", "4.0", "1e2", "-0.0"],
        "string": ['"true"', '"1"', '""', json.dumps(MARKER)],
        "array": ["[]", json.dumps([MARKER]), json.dumps([[[MARKER]]]), "[null]"],
        "object": ["{}", json.dumps({"a": MARKER}), '{"$ne": null}', '{"__proto__": {"a": 1}}'],
    }
    for name, texts in others.items():
        if name not in types:
            for text in texts:
                is_number = name in ("integer", "number") and len(text) > 6
                yield Value(f"{name} {text}", text, MARKER if MARKER in text else text * is_number, True)
    for text in NO_NUMBERS:
        yield Value(f"no JSON {text}", text, "", True)
    deep = "[" * 33 + json.dumps(MARKER) + "]" * 33
    yield Value("33 deep", deep, MARKER, True)
    yield Value("deeper", '{"a":' * 3_000 + "1" + "}" * 3_000, "", True)
    yield Value("a number of 5,000 digits", "9" * 5_000, "9" * 20, "integer" not in types or not schema.get("x", 0))


def whole_numbers(schema: dict[str, Any]) -> Iterator[Value]:
    least, most = schema.get("minimum"), schema.get("maximum")
    for bound, beyond in ((least, -1), (most, 1)):
        if bound is not None:
            yield Value(f"the bound {bound}", str(bound))
            number = str(bound + beyond)
            yield Value(f"{number}, beyond the bound", number, number * (len(number) > 6), True)
    for number in (INT4, -INT4 - 1, INT8, -INT8 - 1, 10**30, -(10**30)):
        is_out = (most is not None and number > most) or (least is not None and number < least)
        yield Value(str(number), str(number), str(number), is_out)
    for text in ("1e400", "-1e400", "1e-400", "1.0", "1E2"):
        yield Value(text, text, "", True)


def texts(schema: dict[str, Any]) -> Iterator[Value]:
    """Too long, too short, of the wrong form, or strange."""
    least, most, form = schema.get("minLength", 0), schema.get("maxLength"), schema.get("format", "")
    if least:
        yield Value("nothing", '""', "", True)
        yield Value("blanks", json.dumps(" " * least), "", "pattern" not in schema and not form and least == 1)
    if most is not None:
        for length in (most + 1, most * 2 + 100):
            long = (MARKER + "é" * length)[:length]
            yield Value(f"{length} characters", json.dumps(long, ensure_ascii=False), long[:14], True)
        yield Value(f"{most} astral characters", json.dumps("\U0001f41e" * most))
    if words := schema.get("enum"):
        for word in (MARKER, f"{MARKER} {words[0]}", f"{words[0]}\t", str(words[0]).upper(), "", f"{words[0]}\u200b"):
            yield Value(f"the word {word!r}", json.dumps(word), MARKER if MARKER in word else "", word not in words)
    for one, wrong in (("date-time", MOMENTS), ("uuid", IDS), ("uri", URLS)):
        if form == one:
            for text in (*wrong, MARKER):
                yield Value(f"no {one} {text[:40]!r}", json.dumps(text), text if len(text) > 6 else "", True)
    if form == "date-time":
        for text in EDGES_OF_TIME:
            yield Value(f"the moment {text}", json.dumps(text))
    if form == "uuid":
        yield Value("an id of nobody", '"00000000-0000-7000-8000-000000000000"')
    if "pattern" in schema:
        for text in (f"{MARKER} \t{MARKER}", "\u0430\u0431\u0432", "a\nb", "@", "\u202e" * 5):
            yield Value(f"not of the pattern: {text!r}", json.dumps(text), MARKER if MARKER in text else "")
    for text in REFUSED:
        yield Value(f"with {text}", f'"{MARKER}{text}"', MARKER, not form)
    for text in STRANGE:
        yield Value(f"strange {text[:20]!r}", json.dumps(text, ensure_ascii=False))
    yield Value("600,000 characters", json.dumps(MARKER + "x" * 600_000), MARKER, most is not None)


def lists(schema: dict[str, Any], item: Any) -> Iterator[Value]:
    most = schema.get("maxItems")
    if most is not None:
        yield Value(f"{most + 1} items", json.dumps([item] * (most + 1)), "", True)
    yield Value("one item many times", json.dumps([item] * min(most or 50, 50)))
    yield Value("nothing", "[]")


def bad_values(schema: dict[str, Any], example: Any = None) -> Iterator[Value]:
    """``example``: an item that is right, for lists."""
    yield from no_values(schema)
    types = types_of(schema)
    if "integer" in types:
        yield from whole_numbers(schema)
    if "string" in types and schema.get("format") != "binary":
        yield from texts(schema)
    if "array" in types:
        yield from lists(schema, example)


def minimal(schema: Any, resolved: Any) -> Any:
    """The smallest document that a schema takes, as far as it tells."""
    schema = resolved(schema)
    if "enum" in schema:
        return schema["enum"][0]
    types = types_of(schema)
    if "object" in types:
        parts = schema.get("properties", {})
        return {name: minimal(parts[name], resolved) for name in schema.get("required", ())}
    if "array" in types:
        return []
    if "string" in types:
        forms = {"date-time": "2030-01-01T00:00:00Z", "uuid": "00000000-0000-7000-8000-000000000000"}
        plain = (A_TEXT * 20)[: max(schema.get("minLength", 0), 8)]
        return {**forms, "uri": "https://example.org/"}.get(schema.get("format", ""), plain)
    return schema.get("minimum", 1) if "integer" in types else "boolean" in types
