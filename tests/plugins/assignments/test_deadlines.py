"""Dates from elsewhere, without the plugin that they come from: ``examples/courseplatform-cohorts`` tests the rest."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import DateTime, Select, Uuid, literal, select

from courseplatform.testing import Client, counted_statements
from tests.factories.accounts import Actor
from tests.factories.assignments import make_assignment
from tests.factories.courses import id_of

Give = Callable[[str, datetime | None, datetime | None], None]
LATE, LATER = datetime(2030, 3, 20, tzinfo=UTC), datetime(2030, 3, 25, tzinfo=UTC)


@pytest.fixture
def assignment(client: Client, lesson: str) -> str:
    return make_assignment(client, lesson, due_at=datetime(2030, 3, 10, tzinfo=UTC))


@pytest.fixture
def give(client: Client, assignment: str, learner: Actor) -> Iterator[Give]:
    """Let a source of this name give the learner dates for the assignment."""
    sources = client.registry["assignments.deadlines"]
    before = dict(sources)

    def add(name: str, due_at: datetime | None, lock_at: datetime | None) -> None:
        def dates() -> Select[Any]:
            return select(
                literal(UUID(id_of(assignment)), Uuid()).label("assignment_id"),
                literal(learner.user_id, Uuid()).label("student_id"),
                literal(due_at, DateTime(timezone=True)).label("due_at"),
                literal(lock_at, DateTime(timezone=True)).label("lock_at"),
            )

        sources[name] = dates

    yield add
    sources.clear()
    sources.update(before)


def deadline(actor: Actor, assignment: str) -> tuple[Any, Any]:
    shown = actor.get(assignment).json["deadline"]
    return shown["due_at"], shown["lock_at"]


def test_without_a_source_no_statement_is_spent_on_it(client: Client, assignment: str, learner: Actor) -> None:
    sources = client.registry["assignments.deadlines"]
    if sources:
        pytest.skip("a plugin that is on gives dates")
    with counted_statements(client.registry) as statements:
        learner.get(assignment)
    assert len(statements) == 1


def test_both_dates_of_a_source_replace_the_assignments(
    assignment: str, learner: Actor, teacher: Actor, give: Give
) -> None:
    give("a", None, LATER)
    assert deadline(learner, assignment) == (None, "2030-03-25T00:00:00Z")
    assert deadline(teacher, assignment) == ("2030-03-10T00:00:00Z", None)


@pytest.mark.parametrize("names", ["ab", "ba"])
def test_of_several_sources_the_latest_due_date_counts_whatever_they_are_called(
    names: str, client: Client, assignment: str, learner: Actor, give: Give
) -> None:
    give(names[0], LATE, LATE)
    give(names[1], LATER, LATER)
    assert deadline(learner, assignment) == ("2030-03-25T00:00:00Z", "2030-03-25T00:00:00Z")
    client.clock.offset = LATE - datetime.now(UTC)
    assert not learner.post(f"{assignment}submissions/", {"text": "work"}).json["is_late"]
    client.clock.move(days=6)
    learner.post(f"{assignment}submissions/", {"text": "more"}, 409)
    give("c", None, None)
    assert deadline(learner, assignment) == (None, None)
