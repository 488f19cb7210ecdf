"""Topics: which rows belong to which, and what each transaction has changed of them.

Changes are noticed where they pass ``request.db``: rows when they are flushed, statements (``update(Course)``, also of
a bare table, and ``text`` that names one) when they are executed. What goes past it is noticed by nobody, nor is a
SELECT whose CTE writes.
"""

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import timedelta
from typing import Any, NamedTuple
from uuid import UUID

from pyramid.config import PHASE1_CONFIG, Configurator
from sqlalchemy import BinaryExpression, BindParameter, TextClause, event, inspect
from sqlalchemy.orm import ORMExecuteState, Session
from sqlalchemy.sql import operators, visitors

from ..sessions import REQUEST, WritingSession
from .jobs import change_topics

#: Where a session keeps which topics it has changed, and its hold.
CHANGED, HOLD = "courseplatform.changed_topics", "courseplatform.hold"
#: After so many times ``cache.ttl_s`` even what a slow reader keeps late is gone.
MAX_AGES = 3


class Part(NamedTuple):
    """Rows of a model that belong to a topic. ``columns``: an UPDATE of others is no change, nor is an INSERT.

    ``of``: the column that says to which item they belong; ``table``: the items' own.
    """

    topic: str
    columns: frozenset[str] | None
    of: Any
    table: str | None


class Topics:
    """All topics of one application.

    A topic ``courses`` changes with any of its rows. Where rows say to which item they belong, an answer at that item
    depends on ``courses:{id}`` instead, and on ``courses:*``: that changes when nobody knows which rows do.
    """

    def __init__(self) -> None:
        self.names: set[str] = set()
        #: By the classes of a lineage: the topics of their rows (``answers.topics_at``).
        self.at: dict[Any, frozenset[str] | None] = {}
        self.by_name: dict[str, list[Part]] = {}
        self.by_model: dict[Any, list[Part]] = {}
        self.by_table: dict[str, list[Part]] = {}

    def add(self, name: str, model: Any, columns: Iterable[str] | None, of: str | None) -> None:
        column = None if of is None else model.__table__.c[of]
        targets = [] if column is None else [key.target_fullname.partition(".")[0] for key in column.foreign_keys]
        table = None if column is None else next(iter(targets), model.__table__.name)
        part = Part(name, None if columns is None else frozenset(columns), column, table)
        self.names.add(name)
        for parts, key in ((self.by_name, name), (self.by_model, model), (self.by_table, model.__table__.name)):
            parts.setdefault(key, []).append(part)

    def all(self) -> list[str]:
        """Whoever changes these changes everything."""
        return sorted({*self.names, *(f"{name}:*" for name in self.names)})

    def narrowed(self, name: str, items: Mapping[str, Any]) -> set[str]:
        """What an answer of this topic depends on. ``items``: the ids of those above its address, by table."""
        tables = {part.table for part in self.by_name[name]}
        table = tables.pop() if len(tables) == 1 else None
        return {f"{name}:*", f"{name}:{items[table]}"} if table is not None and table in items else {name}

    def of_model(self, model: Any) -> list[Part]:
        return [part for cls in model.__mro__ for part in self.by_model.get(cls, ())]

    def of_flush(self, session: Session) -> Iterator[str]:
        """What a flush changes, before the session forgets what was changed."""
        for rows, is_new in ((session.new, True), (session.deleted, False), (session.dirty, None)):
            for row in rows:
                for part in self.of_model(type(row)):
                    if is_new and part.columns is not None:
                        continue
                    if is_new is not None or has_changed(session, row, part.columns):
                        yield from changed(part, () if part.of is None else ids_of(row, part.of))

    def of_statement(self, statement: Any) -> Iterator[str]:
        """What a statement may change, whichever columns it names."""
        if isinstance(statement, TextClause):
            for name, parts in self.by_table.items():
                if re.search(rf"\b{name}\b", statement.text):
                    for part in parts:
                        yield from changed(part)
        elif getattr(statement, "is_dml", False):
            for one in visitors.iterate(statement):  # a CTE of it may write too
                table = getattr(one, "table", None) if getattr(one, "is_dml", False) else None
                for part in self.by_table.get(getattr(table, "name", ""), ()):
                    yield from changed(part, named_by(one, part.of))


def changed(part: Part, ids: Collection[Any] = ()) -> Iterator[str]:
    """``ids``: of the items whose rows change; none if nobody knows. A UUID may come as text, however it is written."""
    yield part.topic
    for one in ids or ("*",):
        try:
            yield f"{part.topic}:{UUID(str(one))}"
        except ValueError:
            yield f"{part.topic}:*"


def ids_of(row: Any, column: Any) -> set[Any]:
    """Of the items that a row belongs to, and did before."""
    state = inspect(row)
    history = state.attrs[state.mapper.get_property_by_column(column).key].history
    return {*history.added, *history.unchanged, *history.deleted}


def named_by(statement: Any, column: Any) -> Collection[Any]:
    """The item of whose rows ``WHERE column = id AND …`` speaks; none if it does not, or changes that very column."""
    where = getattr(statement, "whereclause", None)
    if where is None or column is None or getattr(statement, "_ordered_values", None):
        return ()
    if column in (getattr(statement, "_values", None) or ()):
        return ()
    parts = where.clauses if getattr(where, "operator", None) is operators.and_ else [where]
    for part in parts:
        is_equal = isinstance(part, BinaryExpression) and part.operator is operators.eq
        if is_equal and column.compare(part.left) and isinstance(part.right, BindParameter):
            return (part.right.value,) if part.right.unique else ()  # a value, and no parameter that is given later
    return ()


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


def add_cache_topic(
    config: Configurator, name: str, model: Any, columns: Iterable[str] | None = None, of: str | None = None
) -> None:
    """Let the rows of ``model`` belong to the topic ``name``; ``shared=`` of a view and of an extension names topics.

    A topic may have several models. ``columns``: of rows that answers only look up by their id, those that are shown:
    an UPDATE of others changes nothing, nor does an INSERT, to which no answer can lead yet. ``of``: the column that
    holds the id of the item to which rows belong, ``course_id``: then those of one change no answer at another.
    """
    model = config.maybe_dotted(model)
    claim = ("cache topic", name, model)
    config.action(claim, lambda: config.registry["cache.topics"].add(name, model, columns, of), order=PHASE1_CONFIG)
