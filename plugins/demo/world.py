"""Builds the demo world with the operations that everybody uses, some weeks back in time."""

import random
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from courseplatform.api import Request
from plugins.accounts.api import User, register
from plugins.assignments.api import Assignment, create_assignment
from plugins.comments.api import write_comment
from plugins.courses.api import Course, create_course, publish_course
from plugins.enrollments.api import enrol
from plugins.lessons.api import Lesson, complete_lesson, create_lesson
from plugins.reviews.api import write_review
from plugins.submissions.api import grade_submission, submit

from .content import (
    ADMIN,
    ANSWERED,
    ANSWERS,
    FEEDBACK,
    OUTLINES,
    PASSWORD,
    QUESTIONS,
    REVIEWS,
    STUDENTS,
    TEACHERS,
    Outline,
    Person,
)

Tell = Callable[[str], None]


def build(request: Request, tell: Tell) -> None:
    """Make users, courses and what happens in them. The same world each time, told line by line."""
    now, dice = request.now, random.Random(2026)  # nosec B311
    at(request, now - timedelta(days=60))
    tell(f"Registering {1 + len(TEACHERS) + len(STUDENTS)} people …")
    make_user(request, ADMIN, "admin")
    teachers = [make_user(request, person, "teacher") for person in TEACHERS]
    students = [make_user(request, person, "student") for person in STUDENTS]
    for number, outline in enumerate(OUTLINES):
        tell(f"Course {number + 1} of {len(OUTLINES)}: {outline.title} …")
        at(request, now - timedelta(days=45 - number))
        teacher = teachers[number % len(teachers)]
        course, parts = make_course(request, teacher, outline, due_at=now + timedelta(days=7 + number))
        crowd = dice.sample(students, dice.randint(12, 22))
        if number == 0 and students[0] not in crowd:
            crowd.append(students[0])  # the student whose sign-in is printed has something to see
        for student in crowd:
            take_course(request, dice, course, parts, teacher, student, began_at=now - timedelta(days=40 - number))
    at(request, now)


def at(request: Request, moment: datetime) -> None:
    """Let the following happen at this moment."""
    request.now = moment


def make_user(request: Request, person: Person, role: str) -> User:
    user = register(request, **person._asdict(), email=f"{person.username}@example.com", password=PASSWORD, role=role)
    user.email_verified_at = request.now
    return user


def make_course(
    request: Request, teacher: User, outline: Outline, *, due_at: datetime
) -> tuple[Course, list[tuple[Lesson, Assignment]]]:
    course = create_course(request, owner_id=teacher.id, title=outline.title, description=outline.description)
    parts = []
    for number, title in enumerate(outline.lessons, 1):
        material = {"kind": "video", "title": title, "url": f"https://videos.example.com/{course.id}/{number}"}
        lesson = create_lesson(request, course_id=course.id, title=title, by_user_id=teacher.id, materials=[material])
        assignment = create_assignment(
            request,
            lesson_id=lesson.id,
            course_id=course.id,
            by_user_id=teacher.id,
            title=f"{title}: {number}",
            description=outline.task,
            due_at=due_at,
            max_points=10,
            pass_points=6,
        )
        parts.append((lesson, assignment))
    publish_course(request, course, by_user_id=teacher.id)
    return course, parts


def take_course(
    request: Request,
    dice: random.Random,
    course: Course,
    parts: list[tuple[Lesson, Assignment]],
    teacher: User,
    student: User,
    *,
    began_at: datetime,
) -> None:
    """A student's way through a course: as far as the dice say."""
    at(request, began_at)
    enrol(request, course=course, student_id=student.id, by_user_id=student.id)
    reaches = dice.choice((1, 2, len(parts), len(parts), len(parts)))
    for number, (lesson, assignment) in enumerate(parts[:reaches]):
        at(request, began_at + timedelta(days=4 * number, minutes=dice.randint(0, 2_000)))
        complete_lesson(request, lesson=lesson, student_id=student.id)
        if dice.random() < 0.15:
            talk(request, dice, course, lesson, teacher, student)
        work = submit(request, assignment=assignment, course=course, student_id=student.id, text=dice.choice(ANSWERS))
        if dice.random() < 0.9:
            at(request, request.now + timedelta(hours=dice.randint(2, 40)))
            points = {"grade": dice.choice((5, 7, 8, 9, 10, 10)), "feedback": dice.choice(FEEDBACK)}
            grade_submission(
                request, submission=work, assignment=assignment, course=course, by_user_id=teacher.id, **points
            )
    if reaches == len(parts) and dice.random() < 0.5:
        rating, text = dice.choice(REVIEWS)
        write_review(request, course=course, student_id=student.id, rating=rating, text=text)


def talk(request: Request, dice: random.Random, course: Course, lesson: Lesson, teacher: User, student: User) -> None:
    """A question on a lesson, and its answer."""
    where: dict[str, Any] = {
        "target": {"lesson_id": lesson.id},
        "course_id": course.id,
        "path": f"/api/courses/{course.id}/lessons/{lesson.id}/comments/",
    }
    question = write_comment(request, **where, author_id=student.id, text=dice.choice(QUESTIONS))
    write_comment(request, **where, author_id=teacher.id, text=dice.choice(ANSWERED), parent_id=question.id)
