"""Rows for who only reads: objects made of columns, which takes a fraction of what the ORM's own loading does.

Such a row is an instance of a subclass of its model, where the columns are plain attributes: SQLAlchemy looks at each
that is read. When more is asked for (a deferred column, a relationship) the row becomes an entity like others.
Whoever may write gets the ORM's own.
"""

from collections.abc import Iterable
from functools import cache
from typing import Any, NamedTuple

from sqlalchemy import Select, inspect
from sqlalchemy.orm import Session
from sqlalchemy.orm.attributes import instance_state

from .sessions import ReadingSession, WritingSession, connection_of

#: Nobody asks for a column by its name; SQLAlchemy's ORM says so too, and is spared to learn the names.
BY_PLACE = {"_result_disable_adapt_to_context": True}


class Shape(NamedTuple):
    """Of a mapped class: its plain attributes, which of them are its key, and the class of rows that are only read."""

    manager: Any
    keys: tuple[str, ...]
    key_places: tuple[int, ...]
    read_only: type[Any]


class StateWhenAsked:
    """SQLAlchemy's ``_sa_instance_state`` of a row, until it is asked for."""

    def __get__(self, row: Any, cls: Any) -> Any:
        if row is None:
            raise AttributeError("_sa_instance_state")
        session, model = row.__dict__["_read_by"], class_of(row)
        known = session.identity_map  # a session that becomes one makes the states of the rows that it keeps
        if "_sa_instance_state" not in row.__dict__:
            key = key_of(row)
            del row.__dict__["_read_by"]
            row.__class__ = model  # an entity like others from now on
            shape_of(model).manager.setup_instance(row)
            state = row.__dict__["_sa_instance_state"]
            state.key, state.session_id = key, session.hash_key
            if key not in known:
                known.add(state)
        return row.__dict__["_sa_instance_state"]


@cache
def shape_of(model: Any) -> Shape:
    mapper = inspect(model)
    keys = tuple(attribute.key for attribute in mapper.column_attrs if not attribute.deferred)
    primary = (mapper.get_property_by_column(column).key for column in mapper.primary_key)
    plain = {**dict.fromkeys(keys), "_sa_instance_state": StateWhenAsked()}
    told = {"__abstract__": True, "__module__": model.__module__, "__qualname__": model.__qualname__}
    read_only = type(model)(model.__name__, (model,), {**plain, **told})
    return Shape(mapper.class_manager, keys, tuple(keys.index(key) for key in primary), read_only)


def class_of(row: Any) -> Any:
    """The mapped class of a row; of whatever else is represented its own."""
    mapper = getattr(type(row), "__mapper__", None)
    return type(row) if mapper is None else mapper.class_


def key_of(row: Any) -> Any:
    """As SQLAlchemy knows it by."""
    model = class_of(row)
    shape = shape_of(model)
    return model, tuple(row.__dict__[shape.keys[place]] for place in shape.key_places), None


def columns_of(entity: Any) -> list[Any]:
    """What to select of a mapped class, or of an alias of one, in the order in which ``make_entity`` takes it."""
    return [getattr(entity, key) for key in shape_of(inspect(entity).mapper.class_).keys]


def make_row(session: Session, model: Any, values: Any) -> Any:
    """A row to be read, of these columns; None for an outer join's row that is none."""
    shape = shape_of(model)
    if values[shape.key_places[0]] is None:
        return None
    row = object.__new__(shape.read_only)
    row.__dict__.update(zip(shape.keys, values, strict=True))
    row.__dict__["_read_by"] = session
    return row


def make_entity(session: Session, model: Any, values: Any) -> Any:
    """The entity with these columns, which the session knows; None for an outer join's row that is none."""
    shape = shape_of(model)
    key = model, tuple(values[place] for place in shape.key_places), None
    if key[1][0] is None:
        return None
    if isinstance(session, ReadingSession) and not session.is_in_use:
        if key not in session.rows:
            session.rows[key] = make_row(session, model, values)
        return session.rows[key]
    known = session.identity_map.get(key)
    if known is not None:
        return known
    entity = make_row(session, model, values)
    instance_state(entity)  # which makes it one
    return entity


def make_entities(session: Session, models: Iterable[Any], values: Any) -> list[Any]:
    """One of each model, from their columns side by side; None for what an outer join has not found."""
    made, start = [], 0
    for model in models:
        end = start + len(shape_of(model).keys)
        made.append(make_entity(session, model, values[start:end]))
        start = end
    return made


def selected_by(statement: Select[Any]) -> Any:
    """The mapped class of which a statement selects the rows."""
    return inspect(statement.column_descriptions[0]["entity"]).mapper.class_


def read(session: Session, statement: Select[Any], model: Any) -> list[Any]:
    """The rows of a statement that selects a ``model`` and perhaps columns beside, as ``session.execute`` gives them.

    A connection answers it with the entity's columns, in the order of ``shape_of``: a test holds all models to it.
    """
    if isinstance(session, WritingSession):
        return list(session.execute(statement))
    found = connection_of(session).execute(statement, execution_options=BY_PLACE).all()
    count = len(shape_of(model).keys)
    return [(make_row(session, model, row[:count]), *row[count:]) for row in found]
