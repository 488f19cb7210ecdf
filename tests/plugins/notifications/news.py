"""Events as the neighbours emit them, about what there is in a ``School``."""

from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from plugins.assignments.api import AssignmentDatesChanged, AssignmentDueSoon, AssignmentPublished
from plugins.certificates.api import CertificateIssued, CertificateRevoked
from plugins.comments.api import CommentReplied
from plugins.enrollments.api import StudentEnrolled
from plugins.lessons.api import LessonPublished
from plugins.submissions.api import SubmissionGraded, SubmissionReturned, SubmissionSubmitted
from tests.factories.accounts import Actor
from tests.factories.comments import make_comment
from tests.factories.courses import id_of

from .conftest import DUE_AT, School


def enrolled(school: School, **fields: Any) -> StudentEnrolled:
    given = {"enrollment_id": uuid4(), "course_id": school.course_id, "course_title": "Algebra"}
    people = {"student_id": school.students[0].user_id, "by_user_id": school.owner.user_id}
    return StudentEnrolled(**{**given, **people, **fields})


def lesson_published(school: School, **fields: Any) -> LessonPublished:
    given = {"course_id": school.course_id, "lesson_id": school.lesson_id, "title": "Rings"}
    return LessonPublished(**{**given, "by_user_id": school.owner.user_id, **fields})


def assignment(school: School, **fields: Any) -> dict[str, Any]:
    given = {"course_id": school.course_id, "lesson_id": school.lesson_id, "assignment_id": school.assignment_id}
    return {**given, "title": "Sheet 1", **fields}


def assignment_published(school: School, **fields: Any) -> AssignmentPublished:
    return AssignmentPublished(**assignment(school, by_user_id=school.owner.user_id, **fields))


def dates_changed(school: School, due_at: datetime | None = DUE_AT, is_due_date_changed: bool = True) -> Any:
    about = assignment(school, due_at=due_at, by_user_id=school.owner.user_id)
    return AssignmentDatesChanged(**about, is_due_date_changed=is_due_date_changed)


def due_soon(school: School, due_at: datetime = DUE_AT) -> AssignmentDueSoon:
    return AssignmentDueSoon(**assignment(school, due_at=due_at))


def work(school: School, submission_id: UUID, by_user_id: UUID, **fields: Any) -> dict[str, Any]:
    given = {"course_id": school.course_id, "lesson_id": school.lesson_id, "assignment_id": school.assignment_id}
    about = {"submission_id": submission_id, "student_id": school.students[0].user_id, "assignment_title": "Sheet 1"}
    return {**given, **about, "by_user_id": by_user_id, **fields}


def submitted(school: School, submission_id: UUID, **fields: Any) -> SubmissionSubmitted:
    return SubmissionSubmitted(**work(school, submission_id, school.students[0].user_id) | fields)


def graded(school: School, submission_id: UUID, **fields: Any) -> SubmissionGraded:
    about = work(school, submission_id, school.owner.user_id, grade_points=60, is_first=True)
    return SubmissionGraded(**{**about, **fields})


def returned(school: School, submission_id: UUID, **fields: Any) -> SubmissionReturned:
    return SubmissionReturned(**{**work(school, submission_id, school.owner.user_id), **fields})


def reply(school: School, author: Actor, target: str = "", **fields: Any) -> CommentReplied:
    """Another student answers ``author``, on the lesson or on another target at this address."""
    path = make_comment(school.client, target or school.lesson, school.students[1])
    given = {"comment_id": UUID(id_of(path)), "course_id": school.course_id, "submission_id": None, "path": path}
    if "/submissions/" in path:
        given["submission_id"] = UUID(id_of(target))
    people = {"parent_author_id": author.user_id, "by_user_id": school.students[1].user_id}
    return CommentReplied(**{**given, **people, **fields})


def certificate(school: School, certificate_id: UUID, **fields: Any) -> dict[str, Any]:
    given = {"certificate_id": certificate_id, "course_id": school.course_id, "course_title": "Algebra"}
    return {**given, "student_id": school.students[0].user_id, "by_user_id": school.owner.user_id, **fields}


def issued(school: School, certificate_id: UUID, **fields: Any) -> CertificateIssued:
    return CertificateIssued(**certificate(school, certificate_id, **fields))


def revoked(school: School, certificate_id: UUID, **fields: Any) -> CertificateRevoked:
    return CertificateRevoked(**certificate(school, certificate_id, **fields))
