"""Full text search: what a client says in web-search syntax, against a column that the database keeps.

The column is a ``tsvector`` that the trigger ``set_search_vector`` fills (migration 0009): the row's ``title`` has
weight A, ``description`` B, titles of ``materials`` C; each as stems and, for prefixes, as the words themselves.
PostgreSQL's configuration ``russian`` stems words in Latin letters as English; a second configuration beside it would
let a word that is excluded in one be found by the other.
"""

import re
from html import escape
from typing import Any
from uuid import UUID

from pyramid.request import Request
from sqlalchemy import ColumnElement, Integer, cast, func, select
from sqlalchemy.dialects.postgresql import TSQUERY

from .errors import Invalid

STEMS, WORDS = "russian", "simple"
#: A word at the end that is bare: not in quotes, not excluded, nothing but letters and digits.
LAST_WORD = re.compile(r"(?:^|\s)([^\W_]+)$")
#: PostgreSQL gives up (an error) at some thirty of them.
MAX_DASHES = 16
#: Of a text what is looked through for headlines: a page of the longest would take seconds.
MAX_HEADLINE_CHARS = 10_000
#: Stand for what is HTML until the rest is escaped. Texts have no control characters; those that have lose these.
START, STOP, LESS_THAN = "\x01", "\x02", "\x03"
HEADLINE = f"StartSel={START}, StopSel={STOP}, "
WHOLE = HEADLINE + "HighlightAll=true"
FRAGMENTS = HEADLINE + 'MaxFragments=2, MinWords=16, MaxWords=32, ShortWord=0, FragmentDelimiter=" … "'


class Search:
    """A client's words as a query. No text makes it fail; what has no word in it finds nothing."""

    def __init__(self, words: str) -> None:
        first, rest = words.split("-")[:MAX_DASHES], words.split("-")[MAX_DASHES:]
        words = " ".join(["-".join(first), *rest])
        found = None if words.count('"') % 2 else LAST_WORD.search(words)
        last = found[1] if found else None
        # "the" alone, or "IT", are stop words: where no stem is left, the words themselves are looked for.
        self.query = func.coalesce(
            func.nullif(query_of(STEMS, words, last), cast("", TSQUERY)), query_of(WORDS, words, last)
        )

    def matches(self, vector: ColumnElement[Any]) -> ColumnElement[bool]:
        return vector.bool_op("@@")(self.query)

    def rank(self, vector: ColumnElement[Any]) -> ColumnElement[int]:
        """How well it matches: a whole number, larger is better, that pages can be cut by."""
        # By any of the words: what is ranked has all of them, and to weigh how near they are takes a second a page.
        any_word = cast(func.regexp_replace(func.querytree(self.query), "&|<[-0-9]+>", "|", "g"), TSQUERY)
        return cast(func.ts_rank(vector, any_word) * 1_000_000, Integer).label("rank")

    def headlines(self, request: Request, key: ColumnElement[UUID], ids: list[UUID], **texts: Any) -> dict[UUID, Any]:
        """``{id: {name: HTML}}`` of rows, in one statement. What was found is in ``<mark>``, all else is escaped.

        ``title`` is whole, any other text two fragments of its first ``MAX_HEADLINE_CHARS``, or its beginning where
        nothing was found there. None stays None.
        """
        # Any of the words, since they may be in different texts; none of those that are excluded.
        any_word = cast(func.replace(func.querytree(self.query), "&", "|"), TSQUERY)
        columns = []
        for name, text in texts.items():
            plain = func.translate(func.left(text, MAX_HEADLINE_CHARS), "<" + LESS_THAN + START + STOP, LESS_THAN)
            options = WHOLE if name == "title" else FRAGMENTS
            columns += [func.ts_headline(config, plain, any_word, options) for config in (STEMS, WORDS)]
        found = {}
        for row_id, *values in request.db.execute(select(key, *columns).where(key.in_(ids))):
            pairs = zip(values[::2], values[1::2], strict=True)
            found[row_id] = {name: html(*pair) for name, pair in zip(texts, pairs, strict=True)}
        return found


def query_of(config: str, words: str, last: str | None) -> ColumnElement[Any]:
    """SQL: the words; the last one, if it is bare, also as the beginning of a longer one."""
    query = func.websearch_to_tsquery(config, words)
    if last is None:
        return query
    word = func.plainto_tsquery(config, last)
    prefix = func.to_tsquery(WORDS, f"'{last}':*")  # letters and digits only: no operator can be among them
    return func.ts_rewrite(query, word, word.op("||")(prefix), type_=TSQUERY())


def html(by_stem: str | None, by_word: str | None) -> str | None:
    """What was found by stem, or else by its beginning, as HTML that can be put into a page."""
    if by_stem is None or by_word is None:
        return None
    text = escape(by_stem if START in by_stem else by_word)
    return text.replace(START, "<mark>").replace(STOP, "</mark>").replace(LESS_THAN, "&lt;")


def searched(request: Request) -> Search | None:
    """What the list at this address is searched for (``SearchQuery``). Raises: Invalid for a rank without a search."""
    asked = getattr(request, "validated", {}).get("querystring", {})
    if asked.get("search"):
        return Search(asked["search"])
    if asked.get("ordering") == "rank":
        raise Invalid.field("ordering", "rank is for searches: give search too", "querystring")
    return None
