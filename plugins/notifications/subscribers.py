"""From events to news: each enqueues one job, in the event's own transaction.

The events belong to plugins that are not imported here; what is read of them are their fields.
"""

from typing import Any
from uuid import uuid5

from plugins.accounts.api import UserForgotten, UserRoleChanged

from . import jobs
from .news import Subject
from .operations import tell, tell_role


def course_enrolled(event: Any) -> None:
    """To a student whom another enrolled."""
    about = {**by(event), "course_id": event.course_id, "role": "student"}
    tell(event.request, "enrolled", event.student_id, course(event), **about, title=event.course_title)


def lesson_published(event: Any) -> None:
    tell_students(event, "lesson_published", lesson(event))


def assignment_published(event: Any) -> None:
    tell_students(event, "assignment_published", assignment(event))


def assignment_dates_changed(event: Any) -> None:
    """Of the due date only: when the work is locked says the assignment itself."""
    if event.is_due_date_changed:
        variant = "moved" if event.due_at else "removed"
        tell_students(event, "due_date_changed", assignment(event), variant=variant, due_at=event.due_at)


def assignment_due_soon(event: Any) -> None:
    """Once per student and assignment, however often it is announced and wherever the date moves."""
    event_id = uuid5(event.assignment_id, "due_soon")
    about = {"event_id": event_id, "until_at": event.due_at, "due_at": event.due_at}
    tell_students(event, "due_soon", assignment(event), **about)


def submission_submitted(event: Any) -> None:
    about = {**by(event), "title": event.assignment_title, "status": "submitted"}
    tell_role(event.request, "submitted", event.course_id, "teacher", submission(event), **about)


def submission_graded(event: Any) -> None:
    """Once per submission: later changes of the grade are told by nobody."""
    if event.is_first:
        event_id = uuid5(event.submission_id, "graded")
        tell_author(event, "graded", event_id=event_id, status="checked", points=event.grade_points)


def submission_returned(event: Any) -> None:
    tell_author(event, "returned", status="returned")


def comment_replied(event: Any) -> None:
    """While the author of the answered comment may read the thread: of one's submission also after the course."""
    role = "student" if event.submission_id is None else "participant"
    subject = Subject("comment", event.comment_id, event.path)
    about = {**by(event), "course_id": event.course_id, "role": role}
    tell(event.request, "replied", event.parent_author_id, subject, **about)


def certificate_issued(event: Any) -> None:
    tell_holder(event, "certificate_issued", status="issued")


def certificate_revoked(event: Any) -> None:
    tell_holder(event, "certificate_revoked", status="revoked")


def role_changed(event: UserRoleChanged) -> None:
    subject = Subject("user", event.user_id, f"/api/users/{event.user_id}/")
    about = {**by(event), "variant": event.role, "new_role": event.role}
    tell(event.request, "role_changed", event.user_id, subject, **about)


def forget_user(event: UserForgotten) -> None:
    """An erased user's notifications go; those still on their way find the account inactive."""
    event.request.enqueue(jobs.forget_recipient, recipient_id=event.user_id)


def tell_students(event: Any, kind: str, subject: Subject, **about: Any) -> None:
    """All who take the course."""
    tell_role(event.request, kind, event.course_id, "student", subject, **by(event), title=event.title, **about)


def tell_author(event: Any, kind: str, **about: Any) -> None:
    """The student whose work it is, also after the course."""
    about |= {**by(event), "course_id": event.course_id, "role": "participant", "title": event.assignment_title}
    tell(event.request, kind, event.student_id, submission(event), **about)


def tell_holder(event: Any, kind: str, **about: Any) -> None:
    """Whatever became of the course: a certificate stays its student's."""
    url = f"/api/users/certificates/{event.certificate_id}/"
    subject = Subject("certificate", event.certificate_id, url)
    tell(event.request, kind, event.student_id, subject, **by(event), title=event.course_title, **about)


def by(event: Any) -> dict[str, Any]:
    """Who did it, and so need not be told."""
    return {"actor_id": getattr(event, "by_user_id", None)}


def course(event: Any) -> Subject:
    return Subject("course", event.course_id, f"/api/courses/{event.course_id}/")


def lesson(event: Any) -> Subject:
    return Subject("lesson", event.lesson_id, f"{course(event).url}lessons/{event.lesson_id}/")


def assignment(event: Any) -> Subject:
    return Subject("assignment", event.assignment_id, f"{lesson(event).url}assignments/{event.assignment_id}/")


def submission(event: Any) -> Subject:
    return Subject("submission", event.submission_id, f"{assignment(event).url}submissions/{event.submission_id}/")
