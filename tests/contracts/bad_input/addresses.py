"""Bad paths and query strings."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any
from urllib.parse import quote

from tests.contracts.bad_input.calls import Bad, Call
from tests.contracts.bad_input.operations import Operation
from tests.contracts.bad_input.values import MARKER, bad_values
from tests.contracts.world import World

#: In place of what a path names.
NO_NAMES = (
    MARKER, f"{MARKER}%00", f"%00{MARKER}", f"%ff{MARKER}", f"{MARKER}%c0%ae%c0%ae", f"{MARKER}%ed%a0%80", "%", "%zz",
    "%2e", "%2e%2e",
    ".", "..", "%2f", "..%2f..%2fusers", "@@", "@@view", "*", "-1", "0", "null", "undefined", "%20",
    "%0d%0aSet-Cookie:a=b",
    "%E2%80%AE", "%D9%A1", "1%27%20OR%201=1--", "%5c..%5c", ";a=b", "a" * 8_000, "me;", "%25%32%65", "{id}", "[]", "$",
    "00000000000070008000000000000000", "%7B00000000-0000-7000-8000-000000000000%7D",
    "00000000-0000-7000-8000-00000000000%D9%A0",
    "00000000-0000-7000-8000-000000000000%0a", "00000000-0000-7000-8000-000000000000",
)  # fmt: skip

#: Behind a ``?``, whatever the operation.
QUERIES = (
    "%", "%zz=1", "=", "&&&=&", "%00", f"{MARKER}%00=1", f"%ff={MARKER}", f"a={MARKER}%ff", "%c0%80=1", "%ed%a0%80",
    "a" * 7_000,
    "&".join(f"k{number}=1" for number in range(900)), f"unknown={MARKER}", f"__class__={MARKER}", f"a[]={MARKER}",
    f"a[$gt]={MARKER}", f"%E2%80%AE={MARKER}",
    f"limit[]={MARKER}", ";a", f"a={MARKER};b={MARKER}", f"\xe9={MARKER}",
    f"explain={MARKER}", f"expand={MARKER}", f"limit={MARKER}", f"cursor={MARKER}", "?", "#",
    f"a={'%F0%9F%90%9E' * 500}",
)  # fmt: skip
#: What a cursor may look like and not be.
CURSORS = (
    "WyJuIiwiMDFhMjA4ZTIiXQ", "WyJuIixudWxsXQ", "WyJuIiwgWyJhIl1d", "e30", "bnVsbA", "W10", "W1tbW1tdXV1dXQ", "MQ",
    "====", "-_-_", "Ww",
    "WyJwIiwiMjAyNi0wMS0wMVQwMDowMDowMCswMDowMCIsIngiXQ", "eyJhIjogTmFOfQ", "WyJuIiwgMWU0MDBd",
    "WyJuIiwgIlx1MDAwMCJd", "%C3%A9",
)  # fmt: skip
SEARCHES = (
    "a & | !", "'", "\\", "a:*", "(((", '"', "-", "a <-> b", "%", ":", "or", "or or", "-or", '"" ""', "a:ABCD", "!!a",
    "()",
    "🐞", "\u202e", "'" * 199, "-" * 200, "a " * 100, "\u0301" * 200,
)  # fmt: skip


def bad_paths(operation: Operation, world: World) -> Iterator[Bad]:
    """Each part that the path names is something else: garbage, nobody's id, an id of another kind."""
    base, names = operation.base, operation.path.split("/")
    given = base.path.split("/")
    others = [world.ids[name] for name in ("course", "lesson", "assignment", "submission_X", "user_X", "second")]
    for at, name in enumerate(names):
        if name.startswith("{"):
            for value in (*NO_NAMES, *others):
                if value != given[at]:
                    path = "/".join([*given[:at], value, *given[at + 1 :]])
                    marker = MARKER if MARKER in value else ""
                    yield Bad("path", f"{name[1:-1]} = {value[:60]}", replace(base, path=path), marker)
    for tail in ("/", "//", "%00", "%ff", ".json", ";a", "%20", f"{MARKER}/", "@@/", "../"):
        yield Bad("path", f"followed by {tail}", replace(base, path=base.path + tail), MARKER if MARKER in tail else "")
    yield Bad("path", "without its slash", replace(base, path=base.path.rstrip("/")))


def bad_queries(operation: Operation) -> Iterator[Bad]:
    base = operation.base
    for query in QUERIES:
        yield Bad("query", query[:60], with_query(base, query), MARKER if MARKER in query else "")
    for one in operation.parameters("query"):
        yield from bad_parameters(base, one)


def bad_parameters(base: Call, parameter: dict[str, Any]) -> Iterator[Bad]:
    name, schema = parameter["name"], parameter["schema"]
    yield Bad("query", f"{name} twice", with_query(base, f"{name}=1&{name}=2"), "", True)
    # In a query string everything is text: of another type is only what isn't written like it.
    for label, text, marker, is_wrong in bad_values(schema):
        if not text.startswith(("[", "{")) and len(text) < 20_000:
            call = with_query(base, f"{name}={quoted(text)}")
            yield Bad("query", f"{name}: {label}", call, marker, is_wrong and not is_text_of(text, schema))
    for text in {"cursor": CURSORS, "search": SEARCHES}.get(name, ()):
        yield Bad("query", f"{name}: {text[:40]}", with_query(base, f"{name}={quote(text)}"))


def is_text_of(text: str, schema: dict[str, Any]) -> bool:
    """Whether JSON of a wrong type is right as text."""
    types = [schema["type"]] if isinstance(schema["type"], str) else schema["type"]
    if "string" in types:
        return not text.startswith('"')
    return text in ('"1"', '"true"', "true", "false", "0", "01")


def quoted(text: str) -> str:
    """JSON as the text that it stands for, percent-encoded; escapes as the bytes that they would be."""
    plain = text[1:-1] if text.startswith('"') else text
    if "\\" in plain:
        plain = plain.encode("utf-8", "surrogatepass").decode("unicode_escape")
    return quote(plain.encode("utf-8", "surrogatepass"))


def with_query(base: Call, query: str) -> Call:
    """Behind what the operation needs, unless it is said anew."""
    name = query.partition("=")[0]
    kept = [pair for pair in base.query.split("&") if pair and pair.partition("=")[0] != name]
    return replace(base, query="&".join([*kept, query]))
