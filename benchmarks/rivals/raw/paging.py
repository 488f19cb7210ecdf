"""Keyset pages by id."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from urllib.parse import parse_qsl, urlencode
from uuid import UUID

from database import run
from refusals import Refusal

FIRST, LAST = "00000000-0000-0000-0000-000000000000", "ffffffff-ffff-ffff-ffff-ffffffffffff"


class Asked:
    """The query, of a list."""

    def __init__(self, environ):
        self.path, self.query = environ["PATH_INFO"], dict(parse_qsl(environ.get("QUERY_STRING", "")))
        try:
            self.limit = int(self.query.get("limit", "20"))
            cursor = self.query.get("cursor")
            self.is_backwards, self.after = False, None
            if cursor:
                raw = urlsafe_b64decode(cursor)
                self.is_backwards, self.after = raw[:1] == b"p", str(UUID(bytes=raw[1:]))
        except ValueError as error:
            raise Refusal(422, "invalid") from error
        if not 1 <= self.limit <= 100:
            raise Refusal(422, "invalid")

    def rows(self, name, *before, is_descending=True):
        """One row more than fits tells whether there is another page."""
        down = is_descending != self.is_backwards
        after = self.after or (LAST if down else FIRST)
        return run(f"{name}_{'down' if down else 'up'}", *before, after, self.limit + 1)

    def page(self, rows, show, id_at=0):
        has_more, rows = len(rows) > self.limit, rows[: self.limit]
        if self.is_backwards:
            rows.reverse()
        has_next = rows and (self.is_backwards or has_more)
        has_previous = rows and (has_more if self.is_backwards else self.after)
        return {
            "results": [show(row) for row in rows],
            "next": self.link(b"n", rows[-1][id_at]) if has_next else None,
            "previous": self.link(b"p", rows[0][id_at]) if has_previous else None,
        }

    def link(self, direction, row_id):
        cursor = urlsafe_b64encode(direction + UUID(row_id).bytes).decode()
        return f"{self.path}?{urlencode({**self.query, 'cursor': cursor})}"
