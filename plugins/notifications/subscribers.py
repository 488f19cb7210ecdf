"""From events to notifications: each enqueues one job, in the event's own transaction.

The events belong to plugins that are not imported here; what is read of them are their fields.
"""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid5

from uuid_utils.compat import uuid7

from plugins.accounts.api import UserForgotten, UserRoleChanged

from . import jobs

Subject = dict[str, Any]


def course_enrolled(event: Any) -> None:
    """To a student whom another enrolled."""
    message = f'You were enrolled in "{event.course_title}".'
    tell(event, "enrolled", event.student_id, message, course(event), role="student")


def lesson_published(event: Any) -> None:
    tell_role(event, "lesson_published", "student", f'There is a new lesson: "{event.title}".', lesson(event))


def assignment_published(event: Any) -> None:
    message = f'There is a new assignment: "{event.title}".'
    tell_role(event, "assignment_published", "student", message, assignment(event))


def assignment_dates_changed(event: Any) -> None:
    """Of the due date only: when the work is locked says the assignment itself."""
    if not event.is_due_date_changed:
        return
    if event.due_at is None:
        message = f'"{event.title}" has no due date any more.'
    else:
        message = f'"{event.title}" is now due on {spoken(event.due_at)}.'
    tell_role(event, "due_date_changed", "student", message, assignment(event))


def assignment_due_soon(event: Any) -> None:
    """Once per student and assignment, however often it is announced and wherever the date moves."""
    message = f'"{event.title}" is due on {spoken(event.due_at)}.'
    event_id = uuid5(event.assignment_id, "due_soon")
    tell_role(event, "due_soon", "student", message, assignment(event), event_id=event_id)


def submission_submitted(event: Any) -> None:
    message = f'There is new work to check on "{event.assignment_title}".'
    tell_role(event, "submitted", "teacher", message, submission(event))


def submission_graded(event: Any) -> None:
    """Once per submission: later changes of the grade are told by nobody."""
    if event.is_first:
        message = f'Your work on "{event.assignment_title}" was graded: {event.grade_points} points.'
        event_id = uuid5(event.submission_id, "graded")
        tell(event, "graded", event.student_id, message, submission(event), role="participant", event_id=event_id)


def submission_returned(event: Any) -> None:
    message = f'Your work on "{event.assignment_title}" was returned for another try.'
    tell(event, "returned", event.student_id, message, submission(event), role="participant")


def comment_replied(event: Any) -> None:
    """While the author of the answered comment may read the thread: of one's submission also after the course."""
    role = "student" if event.submission_id is None else "participant"
    subject = subject_of("comment", event.comment_id, event.path)
    tell(event, "replied", event.parent_author_id, "Someone replied to your comment.", subject, role=role)


def certificate_issued(event: Any) -> None:
    """Whatever became of the course: a certificate stays its student's."""
    message = f'Your certificate for "{event.course_title}" was issued.'
    tell(event, "certificate_issued", event.student_id, message, certificate(event))


def certificate_revoked(event: Any) -> None:
    message = f'Your certificate for "{event.course_title}" was revoked.'
    tell(event, "certificate_revoked", event.student_id, message, certificate(event))


def role_changed(event: UserRoleChanged) -> None:
    subject = subject_of("user", event.user_id, f"/api/users/{event.user_id}/")
    tell(event, "role_changed", event.user_id, f"Your role is now: {event.role}.", subject)


def forget_user(event: UserForgotten) -> None:
    """An erased user's notifications go; those still on their way find the account inactive."""
    event.request.enqueue(jobs.forget_recipient, recipient_id=event.user_id)


def tell(
    event: Any,
    kind: str,
    recipient_id: UUID,
    message: str,
    subject: Subject,
    *,
    role: str | None = None,
    event_id: UUID | None = None,
) -> None:
    """Notify one user after the commit, never the one who did it; with ``role`` if they then hold it at the course."""
    # The event's id is made here and not in the job, so that a retried job is not a second event.
    actor_id = getattr(event, "by_user_id", None)
    if recipient_id != actor_id:
        event.request.enqueue(
            jobs.notify,
            event_id=event_id or uuid7(),
            kind=kind,
            recipient_id=recipient_id,
            message=message,
            actor_id=actor_id,
            course_id=event.course_id if role else None,
            role=role,
            **subject,
        )


def tell_role(
    event: Any, kind: str, role: str, message: str, subject: Subject, *, event_id: UUID | None = None
) -> None:
    """Notify all who hold ``role`` at the event's course, after the commit."""
    event.request.enqueue(
        jobs.notify_role,
        event_id=event_id or uuid7(),
        kind=kind,
        course_id=event.course_id,
        role=role,
        message=message,
        actor_id=getattr(event, "by_user_id", None),
        **subject,
    )


def subject_of(kind: str, row_id: UUID, url: str) -> Subject:
    return {"subject_type": kind, "subject_id": row_id, "subject_url": url}


def course(event: Any) -> Subject:
    return subject_of("course", event.course_id, course_url(event))


def lesson(event: Any) -> Subject:
    return subject_of("lesson", event.lesson_id, lesson_url(event))


def assignment(event: Any) -> Subject:
    return subject_of("assignment", event.assignment_id, assignment_url(event))


def submission(event: Any) -> Subject:
    url = f"{assignment_url(event)}submissions/{event.submission_id}/"
    return subject_of("submission", event.submission_id, url)


def certificate(event: Any) -> Subject:
    return subject_of("certificate", event.certificate_id, f"/api/users/certificates/{event.certificate_id}/")


def course_url(event: Any) -> str:
    return f"/api/courses/{event.course_id}/"


def lesson_url(event: Any) -> str:
    return f"{course_url(event)}lessons/{event.lesson_id}/"


def assignment_url(event: Any) -> str:
    return f"{lesson_url(event)}assignments/{event.assignment_id}/"


def spoken(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
