"""The one list envelope: ``{"results": […], "next": url|null, "previous": url|null}``, paged by keyset.

A cursor holds the sort key of the row at the page's edge, so a page costs the same at any depth and survives inserts
and deletes. Never OFFSET, never COUNT. It is good for the ordering it was made under, and no other. The addresses of
the neighbours go out as ``Link`` headers too.
"""

import base64
import binascii
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

import orjson
from pyramid.request import Request
from sqlalchemy import BigInteger, ColumnElement, Select, tuple_
from sqlalchemy.orm import InstrumentedAttribute

from .db import SAFE_METHODS
from .entities import read, selected_by
from .errors import Invalid
from .representation import wanted_extensions


@dataclass(frozen=True)
class Ordering:
    """One that a plugin added. ``word``: what a client says, ``-`` before it for descending."""

    word: str
    column: ColumnElement[Any]
    join: Callable[[Select[Any]], Select[Any]] | None

    @property
    def is_descending(self) -> bool:
        return self.word.startswith("-")

    def select_key(self, statement: Select[Any]) -> Select[Any]:
        """The statement with the sort key beside the entity."""
        return (self.join(statement) if self.join else statement).add_columns(self.column)

    def ascending(self) -> Any:
        """NULLs, which are an error, come first and are seen; not where an index knows that there are none."""
        is_sure = self.join is None and isinstance(self.column, InstrumentedAttribute)
        return self.column.asc() if is_sure else self.column.asc().nulls_first()

    def check(self, rows: list[Any]) -> None:
        """Raises: TypeError for a key that no page could go on from."""
        if any(row[1] is None for row in rows):
            raise TypeError(f"the ordering {self.word!r} is NULL: wrap its column in coalesce")


def paginate(
    request: Request,
    statement: Select[Any],
    *,
    order: Any,
    is_descending: bool = True,
    path: str | None = None,
    limit: int | None = None,
) -> dict[str, Any]:
    """One page of entities, represented. ``order``: a tuple of NOT NULL columns, the last one unique (the id).

    Labelled SQL expressions (whole numbers, texts, times, UUIDs) may stand before the columns.
    ``statement`` selects one entity and has no ORDER BY. Limit and cursor come from ``request.validated``; where
    another address answers with the first page of a list, ``path`` is the list's and ``limit`` the page's.
    """
    asked, model = request.validated["querystring"], selected_by(statement)
    wanted_extensions(request, model)  # refused on an empty page too
    limit, cursor = limit or asked["limit"], asked.get("cursor")
    url: dict[str, Any] = {
        "path": path or request.path,
        "query": {**request.GET, "limit": limit} if path else request.GET,
    }
    for apply, value in request.validated.pop("filters", ()):
        statement = apply(statement, value, request)
    added: Ordering | None = request.validated.pop("ordering", None)
    if added is not None:
        statement, order, is_descending = added.select_key(statement), (added.column, order[-1]), added.is_descending
        name = added.word
    else:
        name = ("-" if is_descending else "") + ",".join(column.key for column in order)
        statement = statement.add_columns(*(one for one in order if not isinstance(one, InstrumentedAttribute)))
    is_backwards, after = read_cursor(cursor, order, name) if cursor else (False, None)
    down = is_descending != is_backwards
    if after is not None:
        key = tuple_(*order)
        statement = statement.where(key < after if down else key > after)
    by = [column.desc() if down else column.asc() for column in order]
    if added is not None and not down:
        by[0] = added.ascending()
    rows = read(request.db, statement.order_by(*by).limit(limit + 1), model)
    if added is not None:
        added.check(rows)
    has_more, rows = len(rows) > limit, rows[:limit]
    if is_backwards:
        rows.reverse()
    has_next = bool(rows) and (is_backwards or has_more)
    has_previous = bool(rows) and (has_more if is_backwards else cursor is not None)
    return {
        "results": request.represent([row[0] for row in rows]),
        "next": page_url("n", name, sort_key(rows[-1], order), **url) if has_next else None,
        "previous": page_url("p", name, sort_key(rows[0], order), **url) if has_previous else None,
    }


def set_links(request: Request, page: Mapping[str, Any]) -> None:
    """Tell of a page's neighbours in ``Link`` headers too (RFC 8288), and of the first one where there are cursors."""
    if request.method not in SAFE_METHODS:  # its address is no list's
        return
    links = {"next": page["next"], "prev": page["previous"]}
    if "cursor" in request.validated["querystring"]:
        rest = {name: value for name, value in request.GET.items() if name != "cursor"}
        links["first"] = f"{request.path}?{urlencode(rest)}" if rest else request.path
    told = [f'<{address}>; rel="{relation}"' for relation, address in links.items() if address]
    if told:
        request.response.headers["Link"] = ", ".join(told)


def sort_key(row: Any, order: Any) -> list[Any]:
    """The values of ``order``: those selected beside the entity, and the entity's own."""
    entity, *beside = row
    return [*beside, *(getattr(entity, column.key) for column in order[len(beside) :])]


def page_url(direction: str, name: str, key: list[Any], *, path: str, query: Mapping[str, Any]) -> str:
    raw = orjson.dumps([direction, name, *key])
    cursor = base64.urlsafe_b64encode(raw).decode().rstrip("=")
    return f"{path}?{urlencode({**query, 'cursor': cursor})}"


def read_moment(text: str) -> datetime:
    """In UTC, since Python knows offsets that PostgreSQL does not. Raises: ValueError."""
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError("naive")
    return moment.astimezone(UTC)


READERS: dict[type, Callable[[Any], Any]] = {datetime: read_moment, UUID: UUID, int: int, str: str}


def read_cursor(cursor: str, order: Any, name: str) -> tuple[bool, tuple[Any, ...]]:
    """(is backwards, sort key). Raises: Invalid for anything that this server didn't make for the ordering ``name``."""
    try:
        direction, made_under, *values = orjson.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        if direction not in ("n", "p") or made_under != name or len(values) != len(order):
            raise ValueError
        key = tuple(READERS[column.type.python_type](value) for column, value in zip(order, values, strict=True))
        if any(isinstance(part, int) and abs(part) > largest(column) for part, column in zip(key, order, strict=True)):
            raise ValueError
        if any(isinstance(part, str) and "\0" in part for part in key):
            raise ValueError
    except (ValueError, TypeError, AttributeError, KeyError, binascii.Error, OverflowError) as error:
        raise Invalid.field("cursor", "is not a cursor of this list", "querystring") from error
    return direction == "p", key


def largest(column: Any) -> int:
    return 2**63 - 1 if isinstance(column.type, BigInteger) else 2**31 - 1
