"""Rows for who only reads: entities made of their columns, which takes a fraction of what the ORM's own loading does.

The session knows them, so that what was left out (a deferred column, a relationship) is loaded when it is asked for.
Whoever may write gets the ORM's own.
"""

from collections.abc import Iterable
from functools import cache
from typing import Any, NamedTuple

from sqlalchemy import Select, inspect
from sqlalchemy.orm import Session

from .db import WritingSession, connection_of

#: Nobody asks for a column by its name; SQLAlchemy's ORM says so too, and is spared to learn the names.
BY_PLACE = {"_result_disable_adapt_to_context": True}


class Shape(NamedTuple):
    """Of a mapped class: its plain attributes, and which of them are its key."""

    manager: Any
    keys: tuple[str, ...]
    key_places: tuple[int, ...]


@cache
def shape_of(model: Any) -> Shape:
    mapper = inspect(model)
    keys = tuple(attribute.key for attribute in mapper.column_attrs if not attribute.deferred)
    primary = (mapper.get_property_by_column(column).key for column in mapper.primary_key)
    return Shape(mapper.class_manager, keys, tuple(keys.index(key) for key in primary))


def columns_of(entity: Any) -> list[Any]:
    """What to select of a mapped class, or of an alias of one, in the order in which ``make_entity`` takes it."""
    return [getattr(entity, key) for key in shape_of(inspect(entity).mapper.class_).keys]


def make_entity(session: Session, model: Any, values: Any) -> Any:
    """The entity with these columns; None for an outer join's row that is none."""
    shape = shape_of(model)
    key = model, tuple(values[place] for place in shape.key_places), None
    if key[1][0] is None:
        return None
    known = session.identity_map.get(key)
    if known is not None:
        return known
    entity = shape.manager.new_instance()
    entity.__dict__.update(zip(shape.keys, values, strict=True))
    state = shape.manager.state_getter()(entity)
    state.key, state.session_id = key, session.hash_key
    session.identity_map.add(state)
    return entity


def make_entities(session: Session, models: Iterable[Any], values: Any) -> list[Any]:
    """One of each model, from their columns side by side; None for what an outer join has not found."""
    made, start = [], 0
    for model in models:
        end = start + len(shape_of(model).keys)
        made.append(make_entity(session, model, values[start:end]))
        start = end
    return made


def read(session: Session, statement: Select[Any]) -> list[Any]:
    """The rows of a statement that selects an entity and perhaps columns beside, as ``session.execute`` gives them.

    A connection answers it with the entity's columns, in the order of ``shape_of``: a test holds all models to it.
    """
    if isinstance(session, WritingSession):
        return list(session.execute(statement))
    found = connection_of(session).execute(statement, execution_options=BY_PLACE).all()
    model = inspect(statement.column_descriptions[0]["entity"]).mapper.class_
    count = len(shape_of(model).keys)
    return [(make_entity(session, model, row[:count]), *row[count:]) for row in found]
