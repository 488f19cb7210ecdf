from datetime import UTC, datetime
from uuid import UUID

from sqlalchemy import insert, select
from uuid_utils.compat import uuid7

from .db import make_session
from .models import Enrollment, Lesson, Notification, User
from .security import TAKING_PART

BATCH = 1_000
NEW_LESSON = {"en": 'There is a new lesson: "{title}".', "ru": "Новый урок: «{title}»."}


async def tell_of_lesson(lesson_id: UUID, by_user_id: UUID) -> None:
    """Notify everyone who takes the course, but the one who did it, in batches."""
    event_id, now = uuid7(), datetime.now(UTC)
    async with make_session.begin() as session:
        lesson = await session.get_one(Lesson, lesson_id)
        messages = {locale: text.format(title=lesson.title) for locale, text in NEW_LESSON.items()}
        about = {
            "kind": "lesson_published",
            "subject": {
                "type": "lesson",
                "id": str(lesson.id),
                "url": f"/api/courses/{lesson.course_id}/lessons/{lesson.id}/",
            },
            "event_id": event_id,
            "created_at": now,
        }
        students = await session.execute(
            select(User.id, User.locale)
            .join(Enrollment, Enrollment.student_id == User.id)
            .where(
                Enrollment.course_id == lesson.course_id,
                Enrollment.status.in_(TAKING_PART),
                User.is_active,
                User.id != by_user_id,
            )
        )
        for some in students.partitions(BATCH):
            rows = [
                {**about, "recipient_id": row.id, "message": messages.get(row.locale, messages["en"])} for row in some
            ]
            await session.execute(insert(Notification), rows)
