"""The one list envelope: ``{"results": […], "next": url|null, "previous": url|null}``, paged by keyset.

A cursor holds the sort key of the row at the page's edge, so a page costs the same at any depth and survives inserts
and deletes. Never OFFSET, never COUNT.
"""

import base64
import binascii
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

import orjson
from pyramid.request import Request
from sqlalchemy import Select, tuple_

from .errors import Invalid
from .representation import wanted_extensions


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

    ``statement`` selects one entity and has no ORDER BY. Limit and cursor come from ``request.validated``; where
    another address answers with the first page of a list, ``path`` is the list's and ``limit`` the page's.
    """
    asked = request.validated["querystring"]
    wanted_extensions(request, statement.column_descriptions[0]["entity"])  # refused on an empty page too
    limit, cursor = limit or asked["limit"], asked.get("cursor")
    url: dict[str, Any] = {
        "path": path or request.path,
        "query": {**request.GET, "limit": limit} if path else request.GET,
    }
    is_backwards, after = read_cursor(cursor, order) if cursor else (False, None)
    down = is_descending != is_backwards
    if after is not None:
        key = tuple_(*order)
        statement = statement.where(key < after if down else key > after)
    statement = statement.order_by(*(column.desc() if down else column.asc() for column in order)).limit(limit + 1)
    rows = list(request.db.scalars(statement))
    has_more, rows = len(rows) > limit, rows[:limit]
    if is_backwards:
        rows.reverse()
    has_next = bool(rows) and (is_backwards or has_more)
    has_previous = bool(rows) and (has_more if is_backwards else cursor is not None)
    return {
        "results": request.represent(rows),
        "next": page_url("n", rows[-1], order, **url) if has_next else None,
        "previous": page_url("p", rows[0], order, **url) if has_previous else None,
    }


def page_url(direction: str, row: Any, order: Any, *, path: str, query: Mapping[str, Any]) -> str:
    values = [getattr(row, column.key) for column in order]
    raw = orjson.dumps([direction, *values])
    cursor = base64.urlsafe_b64encode(raw).decode().rstrip("=")
    return f"{path}?{urlencode({**query, 'cursor': cursor})}"


def read_moment(text: str) -> datetime:
    """In UTC, since Python knows offsets that PostgreSQL does not. Raises: ValueError."""
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError("naive")
    return moment.astimezone(UTC)


READERS: dict[type, Callable[[Any], Any]] = {datetime: read_moment, UUID: UUID, int: int, str: str}


def read_cursor(cursor: str, order: Any) -> tuple[bool, tuple[Any, ...]]:
    """(is backwards, sort key). Raises: Invalid for anything that this server didn't make."""
    try:
        direction, *values = orjson.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        if direction not in ("n", "p") or len(values) != len(order):
            raise ValueError
        key = tuple(READERS[column.type.python_type](value) for column, value in zip(order, values, strict=True))
        if any(isinstance(part, int) and abs(part) > 2**31 - 1 for part in key):
            raise ValueError
        if any(isinstance(part, str) and "\0" in part for part in key):
            raise ValueError
    except (ValueError, TypeError, AttributeError, KeyError, binascii.Error, OverflowError) as error:
        raise Invalid.field("cursor", "is not a cursor of this list", "querystring") from error
    return direction == "p", key
