"""From events to news: each enqueues one job, in the event's own transaction.

The events belong to plugins that are not imported here; what is read of them are their fields.
"""

from typing import Any
from uuid import uuid5

from plugins.accounts.api import UserForgotten, UserRoleChanged

from . import jobs
from .news import News, Subject
from .operations import tell, tell_role


def course_enrolled(event: Any) -> None:
    """To a student whom another enrolled."""
    told = {"title": event.course_title}
    news = News(kind="enrolled", subject=course(event), told=told, **to(event, "student"))
    tell(event.request, event.student_id, news)


def lesson_published(event: Any) -> None:
    told = {"title": event.title}
    news = News(kind="lesson_published", subject=lesson(event), told=told, **to(event, "student"))
    tell_role(event.request, news)


def assignment_published(event: Any) -> None:
    told = {"title": event.title}
    news = News(kind="assignment_published", subject=assignment(event), told=told, **to(event, "student"))
    tell_role(event.request, news)


def assignment_dates_changed(event: Any) -> None:
    """Of the due date only: when the work is locked says the assignment itself."""
    if not event.is_due_date_changed:
        return
    told = {"title": event.title, "due_at": event.due_at}
    about = {"variant": "removed" if event.due_at is None else "moved", **to(event, "student")}
    tell_role(event.request, News(kind="due_date_changed", subject=assignment(event), told=told, **about))


def assignment_due_soon(event: Any) -> None:
    """Once per student and assignment, however often it is announced and wherever the date moves."""
    told = {"title": event.title, "due_at": event.due_at}
    once = {"event_id": uuid5(event.assignment_id, "due_soon"), "until_at": event.due_at, **to(event, "student")}
    tell_role(event.request, News(kind="due_soon", subject=assignment(event), told=told, **once))


def submission_submitted(event: Any) -> None:
    told = {"title": event.assignment_title, "status": "submitted"}
    news = News(kind="submitted", subject=submission(event), told=told, **to(event, "teacher"))
    tell_role(event.request, news)


def submission_graded(event: Any) -> None:
    """Once per submission: later changes of the grade are told by nobody."""
    if not event.is_first:
        return
    told = {"title": event.assignment_title, "status": "checked", "points": event.grade_points}
    once = {"event_id": uuid5(event.submission_id, "graded"), **to(event, "participant")}
    tell(event.request, event.student_id, News(kind="graded", subject=submission(event), told=told, **once))


def submission_returned(event: Any) -> None:
    told = {"title": event.assignment_title, "status": "returned"}
    news = News(kind="returned", subject=submission(event), told=told, **to(event, "participant"))
    tell(event.request, event.student_id, news)


def comment_replied(event: Any) -> None:
    """While the author of the answered comment may read the thread: of one's submission also after the course."""
    role = "student" if event.submission_id is None else "participant"
    subject = Subject("comment", event.comment_id, event.path)
    tell(event.request, event.parent_author_id, News(kind="replied", subject=subject, **to(event, role)))


def certificate_issued(event: Any) -> None:
    """Whatever became of the course: a certificate stays its student's."""
    told = {"title": event.course_title, "status": "issued"}
    news = News(kind="certificate_issued", subject=certificate(event), told=told, actor_id=event.by_user_id)
    tell(event.request, event.student_id, news)


def certificate_revoked(event: Any) -> None:
    told = {"title": event.course_title, "status": "revoked"}
    news = News(kind="certificate_revoked", subject=certificate(event), told=told, actor_id=event.by_user_id)
    tell(event.request, event.student_id, news)


def role_changed(event: UserRoleChanged) -> None:
    subject = Subject("user", event.user_id, f"/api/users/{event.user_id}/")
    about = {"variant": event.role, "told": {"new_role": event.role}, "actor_id": event.by_user_id}
    tell(event.request, event.user_id, News(kind="role_changed", subject=subject, **about))


def forget_user(event: UserForgotten) -> None:
    """An erased user's notifications go; those still on their way find the account inactive."""
    event.request.enqueue(jobs.forget_recipient, recipient_id=event.user_id)


def to(event: Any, role: str) -> dict[str, Any]:
    """Only for those who hold the role at the event's course by then, and not for the one who did it."""
    return {"course_id": event.course_id, "role": role, "actor_id": getattr(event, "by_user_id", None)}


def course(event: Any) -> Subject:
    return Subject("course", event.course_id, f"/api/courses/{event.course_id}/")


def lesson(event: Any) -> Subject:
    return Subject("lesson", event.lesson_id, f"{course(event).url}lessons/{event.lesson_id}/")


def assignment(event: Any) -> Subject:
    return Subject("assignment", event.assignment_id, f"{lesson(event).url}assignments/{event.assignment_id}/")


def submission(event: Any) -> Subject:
    return Subject("submission", event.submission_id, f"{assignment(event).url}submissions/{event.submission_id}/")


def certificate(event: Any) -> Subject:
    return Subject("certificate", event.certificate_id, f"/api/users/certificates/{event.certificate_id}/")
