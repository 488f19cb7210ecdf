"""What is logged, what of it, and that it stays as it is."""

from collections.abc import Iterator
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from courseplatform.api import Event
from courseplatform.testing import Client, counted_statements
from plugins.accounts.events import PasswordChanged, SessionsEnded, UserErased, UserForgotten
from plugins.assignments.events import AssignmentDatesChanged
from plugins.certificates.events import CertificateIssued
from plugins.courses.events import CourseArchived
from plugins.submissions.events import SubmissionGraded
from plugins.webhooks import event_log, event_types
from plugins.webhooks.jobs import number_events, purge_events
from plugins.webhooks.models import DomainEvent
from tests.factories.accounts import make_user
from tests.plugins.webhooks.conftest import EVENTS, School

#: By hand: what a program outside may rely on, and of each type the members of its ``data``.
PUBLIC = {
    "assignment.dates_changed": {"assignment_id", "lesson_id", "due_at", "is_due_date_changed"},
    "assignment.deleted": {"assignment_id", "lesson_id"},
    "assignment.published": {"assignment_id", "lesson_id"},
    "certificate.issued": {"certificate_id", "student_id"},
    "certificate.revoked": {"certificate_id", "student_id"},
    "comment.written": {"comment_id", "lesson_id", "assignment_id", "submission_id", "parent_id"},
    "course.archived": set(),
    "course.created": {"status"},
    "course.deleted": {"is_forced"},
    "course.published": set(),
    "course.teacher_added": {"user_id"},
    "course.unarchived": set(),
    "course.unpublished": set(),
    "enrollment.completed": {"enrollment_id", "student_id"},
    "enrollment.ended": {"enrollment_id", "student_id", "status"},
    "enrollment.started": {"enrollment_id", "student_id"},
    "lesson.published": {"lesson_id"},
    "review.changed": {"review_id", "student_id", "rating"},
    "review.deleted": {"review_id", "student_id", "rating"},
    "review.written": {"review_id", "student_id", "rating"},
    "submission.graded": {"submission_id", "assignment_id", "lesson_id", "student_id", "is_first"},
    "submission.returned": {"submission_id", "assignment_id", "lesson_id", "student_id"},
    "submission.submitted": {"submission_id", "assignment_id", "lesson_id", "student_id"},
    "user.erased": {"user_id", "transfer_to_id"},
    "user.role_changed": {"user_id", "role"},
    "webhook.disabled": {"webhook_id", "owner_id", "reason"},
    "webhook.test": {"webhook_id"},
}


@pytest.fixture
def request_of(client: Client) -> Iterator[Any]:
    with client.script() as request:
        yield request


def made_up(event_class: type[Event]) -> Event:
    """An event with something in every field."""
    values: dict[str, Any] = {"str": "Zyxname", "int": 7, "bool": True, "UUID": uuid4(), "datetime": datetime.now(UTC)}
    given = {
        field.name: values[getattr(field.type, "__name__", str(field.type)).split(" | ")[0].rpartition(".")[2]]
        for field in fields(event_class)
        if field.name != "request"
    }
    return event_class(**given)


# --- what


def test_the_public_types_are_these(request_of: Any) -> None:
    assert event_types.public_types(request_of) == set(PUBLIC)


def test_of_each_type_ids_times_flags_and_named_words_go_out_and_nothing_else() -> None:
    found: dict[str, set[str]] = {}
    for event_class in event_types.classes():
        if event_class.public_type in PUBLIC:
            assert event_class.public_type not in found, "two events of one type"
            data = made_up(event_class).public_data()
            found[event_class.public_type] = set(data)
            texts = {name for name, value in data.items() if value == "Zyxname"}
            assert texts <= {"status", "role", "reason"}
            assert 7 not in data.values() or data.get("rating") == 7
    assert found == PUBLIC


def test_the_documentation_names_every_type_and_what_it_says() -> None:
    text = (Path(__file__).parents[3] / "docs/clients.md").read_text()
    rows = [line.split("|") for line in text.splitlines() if line.startswith("| `")]
    for name, data in PUBLIC.items():
        (told,) = [row[2] for row in rows if f"`{name}`" in row[1]]
        assert all(f"`{member}`" in told for member in data), name


def test_what_is_nobodys_business_is_not_public() -> None:
    for event_class in (PasswordChanged, SessionsEnded, UserForgotten):
        assert event_class.public_type is None


def test_types_of_plugins_that_are_off_are_unknown(request_of: Any) -> None:
    plugins = request_of.registry["plugins"]
    request_of.registry["plugins"] = ["plugins.accounts", "plugins.webhooks"]
    try:
        known = event_types.public_types(request_of)
    finally:
        request_of.registry["plugins"] = plugins
    assert known == {"user.erased", "user.role_changed", "webhook.disabled", "webhook.test"}


def test_a_type_of_ones_own_is_public_by_saying_so(school: School) -> None:
    @dataclass(frozen=True, kw_only=True)
    class BadgeAwarded(Event):
        public_type, public_fields = "badge.awarded", ("level",)

        badge_id: UUID
        level: int
        reason: str
        awarded_at: datetime
        course_id: UUID

    at = datetime(2030, 1, 2, 3, 4, 5, tzinfo=UTC)
    badge_id = uuid4()
    with school.client.script() as request:
        request.emit(
            BadgeAwarded(badge_id=badge_id, level=3, reason="He asked", awarded_at=at, course_id=school.course_id)
        )
    (event,) = school.log()
    assert (event.type, event.course_id, event.actor_id) == ("badge.awarded", school.course_id, None)
    assert event.data == {"badge_id": str(badge_id), "level": 3, "awarded_at": "2030-01-02T03:04:05Z"}


def test_columns_hold_what_they_are_named_after(school: School) -> None:
    student = make_user(school.client)
    ids = {name: uuid4() for name in ("submission_id", "assignment_id", "lesson_id")}
    about = {**ids, "course_id": school.course_id, "student_id": student.user_id, "by_user_id": school.owner.user_id}
    with school.client.script() as request:
        request.emit(SubmissionGraded(**about, assignment_title="Essay", grade_points=91, is_first=True))
        request.emit(UserErased(user_id=student.user_id, transfer_to_id=None, by_user_id=student.user_id))
        request.emit(SessionsEnded(user_id=student.user_id))
        now = request.now
    graded, erased = school.log()
    assert (graded.course_id, graded.actor_id, graded.occurred_at) == (school.course_id, school.owner.user_id, now)
    assert graded.data == {
        **{name: str(value) for name, value in ids.items()},
        "student_id": student.id,
        "is_first": True,
    }
    assert (erased.course_id, erased.data) == (None, {"user_id": student.id, "transfer_to_id": None})


def test_a_date_that_was_taken_away_is_null(school: School) -> None:
    ids = {"assignment_id": uuid4(), "lesson_id": uuid4(), "course_id": school.course_id}
    with school.client.script() as request:
        request.emit(
            AssignmentDatesChanged(
                **ids, title="Essay", due_at=None, is_due_date_changed=True, by_user_id=school.owner.user_id
            )
        )
    assert school.log()[0].data["due_at"] is None


def test_what_the_rule_did_was_done_by_nobody(school: School) -> None:
    with school.client.script() as request:
        request.emit(
            CertificateIssued(
                certificate_id=uuid4(), course_id=None, course_title="x", student_id=uuid4(), by_user_id=None
            )
        )
    assert (school.log()[0].course_id, school.log()[0].actor_id) == (None, None)


def test_what_was_rolled_back_did_not_happen(school: School) -> None:
    with pytest.raises(ZeroDivisionError), school.client.script() as request:
        request.emit(CourseArchived(course_id=school.course_id, by_user_id=school.owner.user_id))
        request.db.flush()
        raise ZeroDivisionError
    assert school.log() == []


def test_through_http_too_and_never_for_a_refusal(school: School) -> None:
    archive = f"{school.course}archive/"
    school.owner.put(archive)
    school.owner.put(archive, status=409)
    school.owner.delete(archive, status=200)
    school.owner.patch(school.course, {"status": "draft"})
    school.run()
    assert [event.type for event in school.log()] == ["course.archived", "course.unarchived", "course.unpublished"]


def test_a_transaction_enqueues_one_job_for_all_its_events(school: School) -> None:
    with counted_statements(school.client.registry) as statements, school.client.script() as request:
        for _ in range(3):
            request.emit(CourseArchived(course_id=school.course_id, by_user_id=school.owner.user_id))
    assert len([s for s in statements if s.startswith("INSERT INTO outbox")]) == 1
    assert school.run() == 1
    assert [event.sequence for event in school.log()] == [1, 2, 3]


# --- that it stays


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE domain_events SET data = '{}'::jsonb || '{\"x\": 1}'",
        "UPDATE domain_events SET type = 'course.published'",
        "UPDATE domain_events SET occurred_at = now()",
        "UPDATE domain_events SET course_id = NULL",
        "UPDATE domain_events SET actor_id = NULL",
        "UPDATE domain_events SET sequence = 7",
        "UPDATE domain_events SET sequence = NULL",
        "DELETE FROM domain_events",
    ],
)
def test_the_database_refuses_to_change_or_delete_what_happened(change: str, school: School) -> None:
    school.happen()
    school.run()
    before = [(event.id, event.sequence) for event in school.log()]
    with school.client.script() as request, pytest.raises(IntegrityError), request.db.begin_nested():
        request.db.execute(sa.text(change))
    assert [(event.id, event.sequence) for event in school.log()] == before


def test_the_payload_is_kept_before_it_is_numbered_too(school: School) -> None:
    school.happen()
    with school.client.script() as request, pytest.raises(IntegrityError), request.db.begin_nested():
        request.db.execute(sa.text("UPDATE domain_events SET type = 'x', sequence = 1"))


def purge(school: School) -> None:
    with school.client.script() as request:
        purge_events(request)
    school.run()


def test_retention_deletes_what_is_old_and_the_numbering_goes_on(school: School) -> None:
    school.hook()
    school.happen(3)
    school.run()
    school.client.clock.move(days=89)
    purge(school)
    assert [event.sequence for event in school.log()] == [1, 2, 3]
    school.client.clock.move(days=2)
    purge(school)
    assert [event.sequence for event in school.log()] == [3], "the newest stays, that numbers are never given again"
    assert len(school.deliveries()) == 1
    school.happen()
    school.run()
    assert [event.sequence for event in school.log()] == [3, 4]
    purge(school)
    assert [event.sequence for event in school.log()] == [4]


def test_retention_works_in_parts_until_all_is_done(school: School, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(event_log, "CHUNK_EVENTS", 2)
    school.happen(7)
    school.run()
    school.client.clock.move(days=91)
    with school.client.script() as request:
        purge_events(request)
    assert [event.sequence for event in school.log()] == [3, 4, 5, 6, 7]
    school.run()
    assert [event.sequence for event in school.log()] == [7]


def test_what_retention_allows_it_allows_itself_alone(committing_school: School) -> None:
    """Its permission ends with its transaction, although the connection is used again."""
    committing_school.happen()
    purge(committing_school)
    for _ in range(20):
        with committing_school.client.script() as request, pytest.raises(IntegrityError), request.db.begin_nested():
            request.db.execute(sa.delete(DomainEvent))


def test_numbering_works_in_parts_until_all_is_done(school: School, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(event_log, "CHUNK_EVENTS", 2)
    with school.client.script() as request:
        for _ in range(5):
            request.emit(CourseArchived(course_id=school.course_id, by_user_id=school.owner.user_id))
    assert school.run() == 3  # 2 + 2 + 1
    log = school.log()
    assert [event.sequence for event in log] == [1, 2, 3, 4, 5]
    assert [event.id for event in log] == sorted(event.id for event in log)


def test_numbering_again_changes_nothing(school: School) -> None:
    school.happen(2)
    school.run()
    for _ in range(3):
        with school.client.script() as request:
            number_events(request)
    assert [event.sequence for event in school.log()] == [1, 2]
    assert len(school.admin.get(EVENTS).json["results"]) == 2
