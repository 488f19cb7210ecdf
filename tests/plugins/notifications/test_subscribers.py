"""Which event tells whom what."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from courseplatform.testing import counted_statements
from plugins.accounts.api import User, UserForgotten, UserRoleChanged
from plugins.assignments.jobs import announce_due_soon
from plugins.assignments.models import Assignment
from plugins.notifications.api import News, Subject, tell
from plugins.submissions.models import Submission
from tests.contracts.contributions import contributed, lacking
from tests.factories.accounts import make_user
from tests.factories.assignments import make_assignment
from tests.factories.certificates import make_certificate
from tests.factories.comments import make_comment
from tests.factories.courses import id_of
from tests.factories.enrollments import enrol
from tests.factories.notifications import ALL, PREFERENCES, make_notification

from . import news
from .conftest import DUE_AT, School, inbox, kinds


def test_a_student_is_told_of_being_enrolled_by_another(school: School) -> None:
    student = school.students[0]
    school.emit(news.enrolled(school))
    (told,) = inbox(student)
    assert (told["kind"], told["message"]) == ("enrolled", 'You were enrolled in "Algebra".')
    assert told["subject"] == {"type": "course", "id": str(school.course_id), "url": school.course}
    school.emit(news.enrolled(school, by_user_id=student.user_id))
    assert kinds(student) == ["enrolled"]


def test_students_are_told_of_a_new_lesson(school: School) -> None:
    school.emit(news.lesson_published(school))
    for student in school.students:
        (told,) = inbox(student)
        assert (told["kind"], told["message"]) == ("lesson_published", 'There is a new lesson: "Rings".')
        assert told["subject"] == {"type": "lesson", "id": str(school.lesson_id), "url": school.lesson}
    assert kinds(school.owner) == kinds(school.co_teacher) == []


def test_students_are_told_of_a_new_assignment(school: School) -> None:
    school.emit(news.assignment_published(school))
    (told,) = inbox(school.students[1])
    assert told["kind"] == "assignment_published"
    assert told["subject"] == {"type": "assignment", "id": str(school.assignment_id), "url": school.assignment}


@pytest.mark.parametrize(
    ("due_at", "message"),
    [(DUE_AT, '"Sheet 1" is now due on 2090-05-01 10:30 (UTC).'), (None, '"Sheet 1" has no due date any more.')],
)
def test_students_are_told_of_a_new_due_date(school: School, due_at: Any, message: str) -> None:
    school.change(Assignment, school.assignment_id, due_at=due_at)
    school.emit(news.dates_changed(school, due_at, is_due_date_changed=False))
    assert kinds(school.students[0]) == []
    school.emit(news.dates_changed(school, due_at))
    assert [(told["kind"], told["message"]) for told in inbox(school.students[0])] == [("due_date_changed", message)]


def test_students_are_told_once_that_work_is_due_soon_wherever_the_date_moves(school: School) -> None:
    for _ in range(2):
        school.emit(news.due_soon(school))
    moved = DUE_AT.replace(day=2)
    school.change(Assignment, school.assignment_id, due_at=moved)
    school.emit(news.due_soon(school, moved))
    assert [told["message"] for told in inbox(school.students[0])] == ['"Sheet 1" is due on 2090-05-01 10:30 (UTC).']
    late = make_user(school.client)
    enrol(school.client, school.course, late)
    school.emit(news.due_soon(school, moved))
    assert [told["message"] for told in inbox(late)] == ['"Sheet 1" is due on 2090-05-02 10:30 (UTC).']


def test_each_assignment_that_is_due_soon_is_told_of(school: School) -> None:
    for hours in (1, 23, 25):
        due_at = datetime.now(UTC) + timedelta(hours=hours)
        make_assignment(school.client, school.lesson, due_at=due_at, title=f"in {hours} h")
    for _ in range(2):
        with school.client.script() as request:
            announce_due_soon(request)
        school.client.run_jobs()
    assert sorted(told["message"][:9] for told in inbox(school.students[0])) == ['"in 1 h" ', '"in 23 h"']


def test_the_staff_is_told_of_new_work(school: School) -> None:
    submission_id = school.submission()
    school.emit(news.submitted(school, submission_id))
    for teacher in (school.owner, school.co_teacher):
        (told,) = inbox(teacher)
        assert told["kind"] == "submitted"
        assert told["subject"]["url"] == f"{school.assignment}submissions/{submission_id}/"
    stranger = make_user(school.client, "teacher")
    assert kinds(school.students[0]) == kinds(school.students[1]) == kinds(stranger) == []


def test_a_student_is_told_of_the_first_grade_only(school: School) -> None:
    submission_id = school.submission("checked")
    school.emit(news.graded(school, submission_id))
    school.emit(news.graded(school, submission_id, grade_points=70, is_first=False))
    school.emit(news.graded(school, submission_id))
    (told,) = inbox(school.students[0])
    assert (told["kind"], told["message"]) == ("graded", 'Your work on "Sheet 1" was graded. Points: 60.')
    assert told["subject"]["type"] == "submission"


def test_a_student_is_told_of_each_return(school: School) -> None:
    submission_id = school.submission("returned")
    for _ in range(2):
        school.emit(news.returned(school, submission_id))
    assert kinds(school.students[0]) == ["returned", "returned"]


def test_the_author_of_a_comment_is_told_of_the_reply(school: School) -> None:
    author, other = school.students
    event = news.reply(school, author)
    school.emit(event)
    (told,) = inbox(author)
    subject = {"type": "comment", "id": str(event.comment_id), "url": event.path}
    assert (told["kind"], told["subject"]) == ("replied", subject)
    assert kinds(other) == []


def test_who_may_not_read_the_thread_any_more_is_not_told_of_the_reply(school: School) -> None:
    left, demoted = school.students[0], school.co_teacher
    school.leave(left)
    school.change(User, demoted.user_id, role="student")
    for author in (left, demoted, make_user(school.client), make_user(school.client, "teacher")):
        school.emit(news.reply(school, author))
        assert kinds(author) == []


def test_teachers_administrators_and_authors_of_the_work_are_told_of_replies(school: School) -> None:
    admin, left = make_user(school.client, "admin"), school.students[0]
    work = f"{school.assignment}submissions/{school.submission()}/"
    school.leave(left)
    for author in (school.owner, school.co_teacher, admin):
        school.emit(news.reply(school, author))
        assert kinds(author) == ["replied"]
    school.emit(news.reply(school, left, work))
    assert kinds(left) == ["replied"]


def test_who_has_left_is_told_of_grades_and_certificates_but_not_of_being_enrolled(school: School) -> None:
    student = school.students[0]
    school.leave(student)
    submission_id = school.submission("checked")
    certificate_id = UUID(id_of(make_certificate(school.client, school.course, student, "revoked")))
    school.emit(news.enrolled(school))
    school.emit(news.graded(school, submission_id))
    school.change(Submission, submission_id, status="returned")
    school.emit(news.returned(school, submission_id))
    school.emit(news.revoked(school, certificate_id, course_id=None))
    assert kinds(student) == ["graded", "returned", "certificate_revoked"]


def test_a_student_is_told_of_the_certificate(school: School) -> None:
    student = school.students[0]
    address = make_certificate(school.client, school.course, student)
    school.emit(news.issued(school, UUID(id_of(address)), by_user_id=None))
    (told,) = inbox(student)
    assert (told["kind"], told["message"]) == ("certificate_issued", 'Your certificate for "Algebra" was issued.')
    assert told["subject"]["url"] == address


def test_a_user_is_told_of_the_new_role(school: School) -> None:
    student = school.students[0]
    school.change(User, student.user_id, role="teacher")
    school.emit(UserRoleChanged(user_id=student.user_id, role="teacher", by_user_id=school.owner.user_id))
    (told,) = inbox(student)
    assert (told["kind"], told["message"]) == ("role_changed", "Your role is now: teacher.")
    assert told["subject"]["url"] == f"/api/users/{student.id}/"


def test_nobody_is_told_of_their_own_doing(school: School) -> None:
    student = school.students[0]
    school.emit(news.lesson_published(school, by_user_id=student.user_id))
    school.emit(UserRoleChanged(user_id=student.user_id, role="student", by_user_id=student.user_id))
    school.emit(news.submitted(school, school.submission(), by_user_id=school.owner.user_id))
    assert kinds(student) == [] and kinds(school.owner) == []
    assert kinds(school.students[1]) == ["lesson_published"] and kinds(school.co_teacher) == ["submitted"]


def test_an_event_costs_its_transaction_two_inserts(school: School) -> None:
    with school.client.script() as request, counted_statements(school.client.registry) as statements:
        request.emit(news.lesson_published(school))
        request.db.flush()
    assert sorted(statement.split()[2] for statement in statements) == ["domain_events", "outbox"]


def test_an_erased_user_keeps_no_notifications_and_no_preferences(school: School) -> None:
    student, other = school.students
    make_notification(school.client, student)
    student.patch(PREFERENCES, {"email": {"graded": False}})
    kept = make_notification(school.client, other)
    with school.client.script() as request:
        request.emit(news.lesson_published(school))
        request.emit(UserForgotten(user_id=student.user_id))
        request.db.get(User, student.user_id).is_active = False
    school.client.run_jobs()
    school.change(User, student.user_id, is_active=True)
    assert kinds(student) == []
    assert student.get(PREFERENCES).json["email"]["graded"] is True
    other.get(kept)
    assert kinds(other) == ["message", "lesson_published"]


def test_a_reply_over_http_reaches_the_author(school: School) -> None:
    parent = make_comment(school.client, school.lesson, school.students[0])
    reply = {"text": "a", "parent_id": id_of(parent)}
    made = school.owner.post(f"{school.lesson}comments/", reply).json
    school.client.run_jobs()
    (told,) = inbox(school.students[0])
    assert told["subject"] == {"type": "comment", "id": made["id"], "url": f"{school.lesson}comments/{made['id']}/"}
    school.students[0].get(told["subject"]["url"])


def test_every_kind_of_the_domain_can_be_asked_for(school: School) -> None:
    kinds_of_domain = {
        "message", "enrolled", "lesson_published", "assignment_published", "due_date_changed", "due_soon", "submitted",
        "graded", "returned", "replied", "certificate_issued", "certificate_revoked", "role_changed",
    }  # fmt: skip
    kinds_of_domain.update(contributed("KINDS"))
    registered = set(school.client.registry["notifications.kinds"])
    assert registered == kinds_of_domain, lacking("KINDS", registered - kinds_of_domain)
    for kind in kinds_of_domain:
        school.owner.get(f"{ALL}?kind={kind}")


@pytest.mark.parametrize("name", ["kind", "role", "subject_id", "after_id", "recipient_id", "delay_s"])
def test_what_is_told_can_not_pass_for_an_argument_of_the_jobs(name: str) -> None:
    with pytest.raises(ValueError):
        News(kind="replied", subject=Subject("comment", uuid4(), "/api/x/"), told={name: "x"})


def test_a_value_that_a_text_lacks_is_a_fault_at_once(school: School) -> None:
    subject = Subject("lesson", uuid4(), "/api/x/")
    with school.client.script() as request:
        for kind, told in (("graded", {"title": "x"}), ("gossip", {}), ("due_date_changed", {"title": "x"})):
            with pytest.raises(LookupError):
                tell(request, school.owner.user_id, News(kind=kind, subject=subject, told=told))
