"""Keyset pages by id: an id is a UUID of version 7, so its order is that of time."""

import base64
import binascii
from dataclasses import dataclass
from typing import Annotated, Any
from uuid import UUID

from fastapi import Depends, HTTPException, Query, Request, status
from sqlalchemy import Select
from sqlalchemy.ext.asyncio import AsyncSession


@dataclass
class Paging:
    request: Request
    limit: Annotated[int, Query(ge=1, le=100)] = 20
    cursor: str | None = None

    def link(self, direction: str, row_id: UUID) -> str:
        cursor = base64.urlsafe_b64encode(direction.encode() + row_id.bytes).decode()
        url = self.request.url.include_query_params(cursor=cursor)
        return f"{url.path}?{url.query}"

    def place(self) -> tuple[bool, UUID | None]:
        """(whether backwards, from where)."""
        if self.cursor is None:
            return False, None
        try:
            raw = base64.urlsafe_b64decode(self.cursor)
            return raw[:1] == b"p", UUID(bytes=raw[1:])
        except (binascii.Error, ValueError) as error:
            raise HTTPException(status.HTTP_422_UNPROCESSABLE_CONTENT, "not a cursor") from error

    async def page(
        self, session: AsyncSession, statement: Select[Any], key: Any, is_descending: bool = True
    ) -> tuple[list[Any], dict[str, str | None]]:
        """The rows, and the addresses of the neighbours."""
        is_backwards, after = self.place()
        down = is_descending != is_backwards
        if after is not None:
            statement = statement.where(key < after if down else key > after)
        found = await session.scalars(statement.order_by(key.desc() if down else key.asc()).limit(self.limit + 1))
        rows = list(found)
        has_more, rows = len(rows) > self.limit, rows[: self.limit]
        if is_backwards:
            rows.reverse()
        has_next = bool(rows) and (is_backwards or has_more)
        has_previous = bool(rows) and (has_more if is_backwards else after is not None)
        return rows, {
            "next": self.link("n", rows[-1].id) if has_next else None,
            "previous": self.link("p", rows[0].id) if has_previous else None,
        }


Paged = Annotated[Paging, Depends()]
