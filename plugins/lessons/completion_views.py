"""``/courses/{course_id}/lessons/{lesson_id}/completion/``: what a student says to have done."""

from typing import Any

from courseplatform.api import Request, Service, check_body_match, set_body_etag
from plugins.enrollments.api import ProgressAnswer, progress_of

from . import operations
from .models import LessonCompletion
from .permissions import P
from .schemas import CompletionAnswer

completion = Service("lesson_completion", "/courses/{course_id}/lessons/{lesson_id}/completion/")


@completion.get(permission=P.COMPLETE, answer=CompletionAnswer)
def show_completion(request: Request) -> Any:
    """Whether the caller has completed the lesson, and when. Reading marks nothing."""
    return set_body_etag(request, completion_json(request))


@completion.put(permission=P.COMPLETE, answer=ProgressAnswer)
def complete_lesson(request: Request) -> Any:
    """Complete the lesson, without a body; answers the progress in the course. Idempotent. 409 ``course_archived``."""
    check_body_match(request, lambda: completion_json(request))
    lesson, student_id = request.context.__parent__.row, request.identity.id
    operations.complete_lesson(request, lesson=lesson, student_id=student_id)
    return progress_of(request, lesson.course_id, student_id)


@completion.delete(permission=P.COMPLETE)
def undo_completion(request: Request) -> Any:
    """Take the completion back; a completed course stays completed. Idempotent. 409 ``course_archived``."""
    check_body_match(request, lambda: completion_json(request))
    operations.undo_completion(request, lesson=request.context.__parent__.row, student_id=request.identity.id)
    return request.no_content()


def completion_json(request: Request) -> dict[str, Any]:
    lesson = request.context.__parent__.row
    found = request.db.get(LessonCompletion, (lesson.id, request.identity.id))
    return {
        "lesson_id": lesson.id,
        "is_completed": found is not None,
        "completed_at": found.completed_at if found is not None else None,
    }
