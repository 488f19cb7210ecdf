"""Courses as JSON."""

from typing import Any
from uuid import UUID

from courseplatform.api import Request, searched
from plugins.accounts.api import cards_of, user_cards

from .models import Course, CourseTeacher


def course_json(request: Request, course: Course) -> dict[str, Any]:
    return {
        "id": course.id,
        "title": course.title,
        "description": course.description,
        "teacher_id": course.teacher_id,
        "status": course.status,
        "created_at": course.created_at,
        "updated_at": course.updated_at,
        "review_count": course.review_count,
        "review_average": round(course.rating_sum / course.review_count, 2) if course.review_count else None,
    }


load_teachers = cards_of("teacher_id")


def load_headlines(request: Request, courses: list[Course]) -> dict[UUID, Any]:
    search, ids = searched(request), [course.id for course in courses]
    if search is None:
        return {}
    return search.headlines(request, Course.id, ids, title=Course.title, description=Course.description)


def teacher_json(request: Request, teacher: CourseTeacher, card: Any) -> dict[str, Any]:
    return {"user_id": teacher.user_id, "added_at": teacher.added_at, "user": card}


def load_cards(request: Request, teachers: list[CourseTeacher]) -> dict[UUID, Any]:
    """Cards by user id; the rows remember theirs for their ETags."""
    cards = user_cards(request, {teacher.user_id for teacher in teachers})
    for teacher in teachers:
        teacher.card = cards.get(teacher.user_id)
    return cards
