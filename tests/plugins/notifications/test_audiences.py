"""What was hidden, deleted or changed before the delivery is told to nobody who can't see it any more."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from plugins.accounts.api import User, UserRoleChanged
from plugins.assignments.models import Assignment
from plugins.certificates.models import Certificate
from plugins.comments.models import Comment
from plugins.courses.models import Course
from plugins.lessons.models import Lesson
from plugins.submissions.models import Submission
from tests.factories.certificates import make_certificate
from tests.factories.courses import id_of
from tests.factories.submissions import make_submission

from . import news
from .conftest import DUE_AT, School, kinds

Meanwhile = Callable[[School], None]


def draft(school: School) -> None:
    school.change(Course, school.course_id, status="draft")


def archive(school: School) -> None:
    school.change(Course, school.course_id, status="archived")


def hide_lesson(school: School) -> None:
    school.change(Lesson, school.lesson_id, is_published=False)


def hide_assignment(school: School) -> None:
    school.change(Assignment, school.assignment_id, is_published=False)


def delete_lesson(school: School) -> None:
    school.remove(Lesson, school.lesson_id)


def delete_assignment(school: School) -> None:
    school.remove(Assignment, school.assignment_id)


def move_date(school: School) -> None:
    school.change(Assignment, school.assignment_id, due_at=DUE_AT + timedelta(days=1))


ABOVE = (draft, hide_lesson)
OF_LESSON = (*ABOVE, archive, delete_lesson)
OF_ASSIGNMENT = (*OF_LESSON, hide_assignment, delete_assignment)
TO_STUDENTS: list[tuple[Any, Meanwhile]] = [
    *((news.enrolled, change) for change in (draft, archive)),
    *((news.lesson_published, change) for change in OF_LESSON),
    *((news.assignment_published, change) for change in OF_ASSIGNMENT),
    *((news.dates_changed, change) for change in (*OF_ASSIGNMENT, move_date)),
    *((news.due_soon, change) for change in (*OF_ASSIGNMENT, move_date)),
]


def named(value: Any) -> str:
    return getattr(value, "__name__", str(value))


@pytest.mark.parametrize(("event", "meanwhile"), TO_STUDENTS, ids=named)
def test_what_students_can_not_see_any_more_is_not_announced(school: School, event: Any, meanwhile: Meanwhile) -> None:
    school.happen(event(school))
    meanwhile(school)
    school.client.run_jobs()
    assert kinds(school.students[0]) == kinds(school.students[1]) == []


@pytest.mark.parametrize(
    "event", [news.enrolled, news.lesson_published, news.assignment_published, news.dates_changed, news.due_soon]
)
def test_what_they_can_see_is_announced(school: School, event: Any) -> None:
    school.emit(event(school))
    assert len(kinds(school.students[0])) == 1


def test_that_work_is_due_soon_is_told_to_nobody_once_it_was_due(school: School) -> None:
    school.happen(news.due_soon(school))
    school.client.clock.move(days=100 * 365)
    school.client.run_jobs()
    school.client.clock.move(days=-100 * 365)
    assert kinds(school.students[0]) == []


def test_a_date_that_moves_twice_is_told_as_it_is(school: School) -> None:
    moved = DUE_AT + timedelta(days=1)
    school.happen(news.dates_changed(school, DUE_AT))
    school.change(Assignment, school.assignment_id, due_at=moved)
    school.happen(news.dates_changed(school, moved))
    school.client.run_jobs()
    assert kinds(school.students[0]) == ["due_date_changed"]


def test_a_reminder_that_came_too_early_for_a_moved_date_comes_for_the_new_one(school: School) -> None:
    school.happen(news.due_soon(school))
    move_date(school)
    school.client.run_jobs()
    assert kinds(school.students[0]) == []
    school.emit(news.due_soon(school, DUE_AT + timedelta(days=1)))
    assert kinds(school.students[0]) == ["due_soon"]


@pytest.mark.parametrize("event", [news.graded, news.returned], ids=named)
@pytest.mark.parametrize("meanwhile", [*ABOVE, hide_assignment], ids=named)
def test_of_work_that_its_student_can_not_open_any_more_they_are_told_nothing(
    school: School, event: Any, meanwhile: Meanwhile
) -> None:
    submission_id = school.submission("checked" if event is news.graded else "returned")
    school.happen(event(school, submission_id))
    meanwhile(school)
    school.client.run_jobs()
    assert kinds(school.students[0]) == []


@pytest.mark.parametrize(("event", "status"), [(news.graded, "checked"), (news.returned, "returned")], ids=named)
def test_of_work_in_an_archived_course_its_student_is_told(school: School, event: Any, status: str) -> None:
    school.happen(event(school, school.submission(status)))
    archive(school)
    school.client.run_jobs()
    assert len(kinds(school.students[0])) == 1


@pytest.mark.parametrize(
    ("event", "status", "now"),
    [
        (news.submitted, "submitted", "checked"),
        (news.submitted, "submitted", "returned"),
        (news.graded, "checked", "returned"),
        (news.returned, "returned", "checked"),
    ],
    ids=named,
)
def test_what_became_of_work_meanwhile_counts(school: School, event: Any, status: str, now: str) -> None:
    submission_id = school.submission(status)
    school.happen(event(school, submission_id))
    school.change(Submission, submission_id, status=now)
    school.client.run_jobs()
    assert kinds(school.students[0]) == kinds(school.owner) == []


@pytest.mark.parametrize("event", [news.submitted, news.graded, news.returned], ids=named)
def test_of_work_that_is_gone_nobody_is_told(school: School, event: Any) -> None:
    school.emit(event(school, uuid4()))
    assert kinds(school.students[0]) == kinds(school.owner) == []


def test_teachers_are_told_of_work_that_is_hidden_from_students(school: School) -> None:
    school.happen(news.submitted(school, school.submission()))
    for meanwhile in (hide_assignment, hide_lesson, draft):
        meanwhile(school)
    school.client.run_jobs()
    assert kinds(school.owner) == ["submitted"]


@pytest.mark.parametrize("target", ["lesson", "assignment", "submission"])
def test_of_a_reply_that_can_not_be_read_any_more_a_student_is_told_nothing(school: School, target: str) -> None:
    student = school.students[0]
    addresses = {
        "lesson": school.lesson,
        "assignment": school.assignment,
        "submission": make_submission(school.client, school.assignment, student),
    }
    school.emit(news.reply(school, student, addresses[target]))
    assert kinds(student) == ["replied"]
    event = news.reply(school, student, addresses[target])
    school.change(Comment, event.comment_id, is_deleted=True)
    school.emit(event)
    event = news.reply(school, student, addresses[target])
    school.remove(Comment, event.comment_id)
    school.emit(event)
    hide_lesson(school)
    school.emit(news.reply(school, student, addresses[target]))
    assert kinds(student) == ["replied"]
    school.emit(news.reply(school, school.owner, addresses[target]))
    assert kinds(school.owner) == ["replied"]


@pytest.mark.parametrize(("event", "status"), [(news.issued, "issued"), (news.revoked, "revoked")], ids=named)
def test_a_certificate_that_is_something_else_by_now_is_not_told_of(school: School, event: Any, status: str) -> None:
    student = school.students[0]
    certificate_id = UUID(id_of(make_certificate(school.client, school.course, student, status)))
    school.happen(event(school, certificate_id))
    school.change(Certificate, certificate_id, status="revoked" if status == "issued" else "issued")
    school.client.run_jobs()
    school.emit(event(school, uuid4()))
    assert kinds(student) == []


def test_a_role_that_is_another_by_now_is_not_told_of(school: School) -> None:
    student = school.students[0]
    school.happen(UserRoleChanged(user_id=student.user_id, role="teacher", by_user_id=school.owner.user_id))
    school.change(User, student.user_id, role="admin")
    school.client.run_jobs()
    assert kinds(student) == []
