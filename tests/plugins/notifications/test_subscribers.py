"""Which event tells whom what."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import pytest

from courseplatform.testing import counted_statements
from plugins.accounts.api import User, UserForgotten, UserRoleChanged
from plugins.assignments.api import AssignmentDatesChanged, AssignmentDueSoon, AssignmentPublished
from plugins.certificates.api import CertificateIssued, CertificateRevoked
from plugins.comments.api import CommentReplied
from plugins.enrollments.api import StudentEnrolled
from plugins.enrollments.models import Enrollment
from plugins.lessons.api import LessonPublished
from plugins.notifications.models import KINDS
from plugins.submissions.api import SubmissionGraded, SubmissionReturned, SubmissionSubmitted
from tests.factories.accounts import make_user
from tests.factories.comments import make_comment
from tests.factories.lessons import make_lesson
from tests.factories.notifications import ALL, make_notification

from .conftest import School, inbox, kinds

LESSON_ID, ASSIGNMENT_ID, SUBMISSION_ID = (UUID(f"0198c0de-0000-7000-8000-00000000000{n}") for n in (1, 2, 3))
DUE_AT = datetime(2030, 5, 1, 10, 30, tzinfo=UTC)


def lesson_published(school: School, **fields: Any) -> LessonPublished:
    given = {"course_id": school.course_id, "lesson_id": LESSON_ID, "title": "Rings"}
    return LessonPublished(**{**given, "by_user_id": school.owner.user_id, **fields})


def assignment(school: School, **fields: Any) -> dict[str, Any]:
    given = {"course_id": school.course_id, "lesson_id": LESSON_ID, "assignment_id": ASSIGNMENT_ID}
    return {**given, "title": "Sheet 1", **fields}


def submission(school: School, by_user_id: UUID, **fields: Any) -> dict[str, Any]:
    given = {"course_id": school.course_id, "lesson_id": LESSON_ID, "assignment_id": ASSIGNMENT_ID}
    about = {"submission_id": SUBMISSION_ID, "student_id": school.students[0].user_id, "assignment_title": "Sheet 1"}
    return {**given, **about, "by_user_id": by_user_id, **fields}


def reply(school: School, author: Any, **fields: Any) -> CommentReplied:
    """Another student answers ``author``."""
    comment_id = uuid4()
    path = f"{lesson_url(school)}comments/{comment_id}/"
    given = {"comment_id": comment_id, "course_id": school.course_id, "submission_id": None, "path": path}
    people = {"parent_author_id": author.user_id, "by_user_id": school.students[1].user_id}
    return CommentReplied(**{**given, **people, **fields})


def leave(school: School, student: Any) -> None:
    with school.client.script() as request:
        for enrollment in request.db.query(Enrollment).filter_by(student_id=student.user_id):
            enrollment.status = "removed"


def lesson_url(school: School) -> str:
    return f"{school.course}lessons/{LESSON_ID}/"


def assignment_url(school: School) -> str:
    return f"{lesson_url(school)}assignments/{ASSIGNMENT_ID}/"


def test_a_student_is_told_of_being_enrolled_by_another(school: School) -> None:
    student = school.students[0]
    about = {"enrollment_id": uuid4(), "course_id": school.course_id, "course_title": "Algebra"}
    event = StudentEnrolled(**about, student_id=student.user_id, by_user_id=school.owner.user_id)
    school.emit(event)
    (told,) = inbox(student)
    assert (told["kind"], told["message"]) == ("enrolled", 'You were enrolled in "Algebra".')
    assert told["subject"] == {"type": "course", "id": str(school.course_id), "url": school.course}
    school.emit(StudentEnrolled(**about, student_id=student.user_id, by_user_id=student.user_id))
    assert kinds(student) == ["enrolled"]


def test_students_are_told_of_a_new_lesson(school: School) -> None:
    school.emit(lesson_published(school))
    for student in school.students:
        (told,) = inbox(student)
        assert (told["kind"], told["message"]) == ("lesson_published", 'There is a new lesson: "Rings".')
        assert told["subject"] == {"type": "lesson", "id": str(LESSON_ID), "url": lesson_url(school)}
    assert kinds(school.owner) == kinds(school.co_teacher) == []


def test_students_are_told_of_a_new_assignment(school: School) -> None:
    school.emit(AssignmentPublished(**assignment(school), by_user_id=school.owner.user_id))
    (told,) = inbox(school.students[1])
    assert told["kind"] == "assignment_published"
    assert told["subject"] == {"type": "assignment", "id": str(ASSIGNMENT_ID), "url": assignment_url(school)}


@pytest.mark.parametrize(
    ("due_at", "message"),
    [(DUE_AT, '"Sheet 1" is now due on 2030-05-01 10:30 UTC.'), (None, '"Sheet 1" has no due date any more.')],
)
def test_students_are_told_of_a_new_due_date(school: School, due_at: Any, message: str) -> None:
    about = assignment(school, due_at=due_at, by_user_id=school.owner.user_id)
    school.emit(AssignmentDatesChanged(**about, is_due_date_changed=False))
    assert kinds(school.students[0]) == []
    school.emit(AssignmentDatesChanged(**about, is_due_date_changed=True))
    assert [(told["kind"], told["message"]) for told in inbox(school.students[0])] == [("due_date_changed", message)]


def test_students_are_told_once_that_work_is_due_soon(school: School) -> None:
    school.emit(AssignmentDueSoon(**assignment(school), due_at=DUE_AT))
    school.emit(AssignmentDueSoon(**assignment(school), due_at=DUE_AT.replace(day=2)))
    school.emit(AssignmentDueSoon(**assignment(school, assignment_id=SUBMISSION_ID), due_at=DUE_AT))
    assert kinds(school.students[0]) == ["due_soon", "due_soon"]
    assert inbox(school.students[0])[0]["message"] == '"Sheet 1" is due on 2030-05-01 10:30 UTC.'


def test_the_staff_is_told_of_new_work(school: School) -> None:
    school.emit(SubmissionSubmitted(**submission(school, school.students[0].user_id)))
    for teacher in (school.owner, school.co_teacher):
        (told,) = inbox(teacher)
        assert told["kind"] == "submitted"
        assert told["subject"]["url"] == f"{assignment_url(school)}submissions/{SUBMISSION_ID}/"
    stranger = make_user(school.client, "teacher")
    assert kinds(school.students[0]) == kinds(school.students[1]) == kinds(stranger) == []


def test_a_student_is_told_of_the_first_grade_only(school: School) -> None:
    graded = submission(school, school.owner.user_id, grade_points=60)
    school.emit(SubmissionGraded(**graded, is_first=True))
    school.emit(SubmissionGraded(**{**graded, "grade_points": 70}, is_first=False))
    school.emit(SubmissionGraded(**graded, is_first=True))
    (told,) = inbox(school.students[0])
    assert (told["kind"], told["message"]) == ("graded", 'Your work on "Sheet 1" was graded: 60 points.')
    assert told["subject"]["type"] == "submission"


def test_a_student_is_told_of_each_return(school: School) -> None:
    for _ in range(2):
        school.emit(SubmissionReturned(**submission(school, school.owner.user_id)))
    assert kinds(school.students[0]) == ["returned", "returned"]


def test_the_author_of_a_comment_is_told_of_the_reply(school: School) -> None:
    author, other = school.students
    event = reply(school, author)
    school.emit(event)
    (told,) = inbox(author)
    subject = {"type": "comment", "id": str(event.comment_id), "url": event.path}
    assert (told["kind"], told["subject"]) == ("replied", subject)
    assert kinds(other) == []


def test_who_may_not_read_the_thread_any_more_is_not_told_of_the_reply(school: School) -> None:
    left, demoted = school.students[0], school.co_teacher
    leave(school, left)
    with school.client.script() as request:
        request.db.get(User, demoted.user_id).role = "student"
    for author in (left, demoted, make_user(school.client), make_user(school.client, "teacher")):
        school.emit(reply(school, author))
        assert kinds(author) == []


def test_teachers_administrators_and_authors_of_the_work_are_told_of_replies(school: School) -> None:
    admin, left = make_user(school.client, "admin"), school.students[0]
    leave(school, left)
    for author in (school.owner, school.co_teacher, admin):
        school.emit(reply(school, author))
        assert kinds(author) == ["replied"]
    school.emit(reply(school, left, submission_id=SUBMISSION_ID))
    assert kinds(left) == ["replied"]


def test_who_has_left_is_told_of_grades_and_certificates_but_not_of_being_enrolled(school: School) -> None:
    student = school.students[0]
    leave(school, student)
    about = {"course_id": school.course_id, "course_title": "Algebra", "student_id": student.user_id}
    school.emit(StudentEnrolled(**about, enrollment_id=uuid4(), by_user_id=school.owner.user_id))
    school.emit(SubmissionGraded(**submission(school, school.owner.user_id, grade_points=60), is_first=True))
    school.emit(SubmissionReturned(**submission(school, school.owner.user_id)))
    about["course_id"] = None
    school.emit(CertificateRevoked(**about, certificate_id=uuid4(), by_user_id=school.owner.user_id))
    assert kinds(student) == ["graded", "returned", "certificate_revoked"]


def test_of_work_in_a_course_that_is_gone_nobody_is_told(school: School) -> None:
    about = submission(school, school.owner.user_id, grade_points=60, course_id=uuid4())
    school.emit(SubmissionGraded(**about, is_first=True))
    assert kinds(school.students[0]) == []


def test_a_student_is_told_of_the_certificate(school: School) -> None:
    student = school.students[0]
    about = {"certificate_id": uuid4(), "course_id": school.course_id, "course_title": "Algebra"}
    school.emit(CertificateIssued(**about, student_id=student.user_id, by_user_id=None))
    school.emit(CertificateRevoked(**about, student_id=student.user_id, by_user_id=school.owner.user_id))
    assert kinds(student) == ["certificate_issued", "certificate_revoked"]
    assert inbox(student)[0]["subject"]["url"] == f"/api/users/certificates/{about['certificate_id']}/"


def test_a_user_is_told_of_the_new_role(school: School) -> None:
    student = school.students[0]
    event = UserRoleChanged(user_id=student.user_id, role="teacher", by_user_id=school.owner.user_id)
    school.emit(event)
    (told,) = inbox(student)
    assert (told["kind"], told["message"]) == ("role_changed", "Your role is now: teacher.")
    assert told["subject"]["url"] == f"/api/users/{student.id}/"


def test_nobody_is_told_of_their_own_doing(school: School) -> None:
    student = school.students[0]
    school.emit(lesson_published(school, by_user_id=student.user_id))
    school.emit(UserRoleChanged(user_id=student.user_id, role="teacher", by_user_id=student.user_id))
    school.emit(SubmissionSubmitted(**submission(school, school.owner.user_id)))
    assert kinds(student) == [] and kinds(school.owner) == []
    assert kinds(school.students[1]) == ["lesson_published"] and kinds(school.co_teacher) == ["submitted"]


def test_an_event_costs_its_transaction_a_job_and_a_line_in_the_event_log(school: School) -> None:
    with school.client.script() as request, counted_statements(school.client.registry) as statements:
        request.emit(lesson_published(school))
        request.db.flush()
    assert sorted(statement.split()[2] for statement in statements) == ["domain_events", "outbox"]


def test_an_erased_user_keeps_no_notifications(school: School) -> None:
    student, other = school.students
    make_notification(school.client, student)
    kept = make_notification(school.client, other)
    with school.client.script() as request:
        request.emit(lesson_published(school))
        request.emit(UserForgotten(user_id=student.user_id))
        request.db.get(User, student.user_id).is_active = False
    school.client.run_jobs()
    with school.client.script() as request:
        request.db.get(User, student.user_id).is_active = True
    assert kinds(student) == []
    other.get(kept)
    assert kinds(other) == ["message", "lesson_published"]


def test_a_reply_over_http_reaches_the_author(school: School) -> None:
    lesson = make_lesson(school.client, school.course)
    parent = make_comment(school.client, lesson, school.students[0])
    reply = {"text": "a", "parent_id": parent.rstrip("/").rsplit("/", 1)[1]}
    made = school.owner.post(lesson + "comments/", reply).json
    school.client.run_jobs()
    (told,) = inbox(school.students[0])
    assert told["subject"] == {"type": "comment", "id": made["id"], "url": f"{lesson}comments/{made['id']}/"}
    school.students[0].get(told["subject"]["url"])


def test_every_kind_can_be_asked_for(school: School) -> None:
    for kind in KINDS:
        school.owner.get(f"{ALL}?kind={kind}")
