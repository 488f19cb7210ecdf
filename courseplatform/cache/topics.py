"""Topics: which rows belong to which, and what each transaction has changed of them.

Changes are noticed where they pass ``request.db``: rows when they are flushed, statements (``update(Course)``, also of
a bare table, and ``text`` that names one) when they are executed. What goes past it is noticed by nobody, nor is a
SELECT whose CTE writes.
"""

import re
from collections.abc import Iterable, Iterator
from datetime import timedelta
from typing import Any, NamedTuple

from pyramid.config import PHASE1_CONFIG, Configurator
from sqlalchemy import TextClause, event, inspect
from sqlalchemy.orm import ORMExecuteState, Session
from sqlalchemy.sql import visitors

from ..db import REQUEST, WritingSession
from .jobs import change_topics

#: Where a session keeps which topics it has changed, and its hold.
CHANGED, HOLD = "courseplatform.changed_topics", "courseplatform.hold"
#: After so many times ``cache.ttl_s`` even what a slow reader keeps late is gone.
MAX_AGES = 3


class Part(NamedTuple):
    """Rows of a model that belong to a topic. ``columns``: an UPDATE of others is no change, nor is an INSERT."""

    topic: str
    columns: frozenset[str] | None


class Topics:
    """All topics of one application."""

    def __init__(self) -> None:
        self.names: set[str] = set()
        #: By the classes of a lineage: the topics of their rows (``answers.topics_at``).
        self.at: dict[Any, frozenset[str] | None] = {}
        self.by_model: dict[Any, list[Part]] = {}
        self.by_table: dict[str, set[str]] = {}

    def add(self, name: str, model: Any, columns: Iterable[str] | None) -> None:
        self.names.add(name)
        self.by_model.setdefault(model, []).append(Part(name, None if columns is None else frozenset(columns)))
        self.by_table.setdefault(model.__table__.name, set()).add(name)

    def of_model(self, model: Any) -> list[Part]:
        return [part for cls in model.__mro__ for part in self.by_model.get(cls, ())]

    def of_flush(self, session: Session) -> Iterator[str]:
        """The topics that a flush changes, before the session forgets what was changed."""
        for rows, is_new in ((session.new, True), (session.deleted, False), (session.dirty, None)):
            for row in rows:
                for part in self.of_model(type(row)):
                    if is_new and part.columns is not None:
                        continue
                    if is_new is not None or has_changed(session, row, part.columns):
                        yield part.topic

    def of_statement(self, statement: Any) -> Iterator[str]:
        """The topics that a statement may change, whichever columns it names."""
        if isinstance(statement, TextClause):
            for name, topics in self.by_table.items():
                if re.search(rf"\b{name}\b", statement.text):
                    yield from topics
            return
        if getattr(statement, "is_dml", False):
            for part in visitors.iterate(statement):  # a CTE of it may write too
                table = getattr(part, "table", None) if getattr(part, "is_dml", False) else None
                yield from self.by_table.get(getattr(table, "name", ""), ())


def has_changed(session: Session, row: Any, columns: frozenset[str] | None) -> bool:
    if columns is None:
        return session.is_modified(row)
    attributes = inspect(row).attrs
    return any(attributes[name].history.has_changes() for name in columns)


def watched(session: Session) -> Any:
    """The request whose changes are noticed; None for a session of nobody's, and where there is no cache."""
    request = session.info.get(REQUEST)
    return request if request is not None and request.registry["cache.tokens"] is not None else None


@event.listens_for(WritingSession, "after_flush")
def note_rows(session: Session, context: Any) -> None:
    request = watched(session)
    if request is not None:
        session.info.setdefault(CHANGED, set()).update(request.registry["cache.topics"].of_flush(session))


@event.listens_for(WritingSession, "do_orm_execute")
def note_statement(state: ORMExecuteState) -> None:
    request = watched(state.session)
    if request is not None:
        topics = request.registry["cache.topics"].of_statement(state.statement)
        state.session.info.setdefault(CHANGED, set()).update(topics)


@event.listens_for(WritingSession, "before_commit")
def hold(session: Session) -> None:
    """Keep readers off what is about to change. Without Redis, promise to tell it later."""
    request = watched(session)
    if request is None or session.in_nested_transaction():
        return
    session.flush()
    topics = sorted(session.info.pop(CHANGED, ()))
    if not topics:
        return
    session.info[HOLD] = held = request.registry["cache.tokens"].hold(topics)
    if not held.is_told:
        until_at = request.now + timedelta(seconds=MAX_AGES * request.registry.settings["cache.ttl_s"])
        request.enqueue(change_topics, topics=" ".join(topics), hold=held.name, until_at=until_at)


@event.listens_for(WritingSession, "after_commit")
def release(session: Session) -> None:
    held = None if session.in_nested_transaction() else session.info.pop(HOLD, None)
    if held is not None and held.is_told:
        session.info[REQUEST].registry["cache.tokens"].release(held)


def add_cache_topic(config: Configurator, name: str, model: Any, columns: Iterable[str] | None = None) -> None:
    """Let the rows of ``model`` belong to the topic ``name``; ``shared=`` of a view and of an extension names topics.

    A topic may have several models. ``columns``: of rows that answers only look up by their id, those that are shown:
    an UPDATE of others changes nothing, nor does an INSERT, to which no answer can lead yet.
    """
    model = config.maybe_dotted(model)
    claim = ("cache topic", name, model)
    config.action(claim, lambda: config.registry["cache.topics"].add(name, model, columns), order=PHASE1_CONFIG)
