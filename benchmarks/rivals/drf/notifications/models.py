from accounts.models import User
from courses.models import Enrollment
from django.db import models
from django.utils import timezone
from uuid_utils.compat import uuid7

BATCH = 1_000
NEW_LESSON = {"en": 'There is a new lesson: "{title}".', "ru": "Новый урок: «{title}»."}


class Notification(models.Model):
    id = models.UUIDField(primary_key=True, default=uuid7)
    recipient = models.ForeignKey(User, on_delete=models.CASCADE)
    kind = models.TextField()
    message = models.TextField()
    subject = models.JSONField(null=True)
    event_id = models.UUIDField()
    sequence = models.IntegerField(default=0)
    is_read = models.BooleanField(default=False)
    is_listed = models.BooleanField(default=True)
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        managed = False
        db_table = "notifications"


def tell_of_lesson(lesson, by_user):
    """Notify everyone who takes the course, but the one who did it, in batches."""
    students = Enrollment.objects.filter(
        course_id=lesson.course_id, status__in=Enrollment.TAKING_PART, student__is_active=True
    ).exclude(student=by_user)
    event_id, now = uuid7(), timezone.now()
    url = f"/api/courses/{lesson.course_id}/lessons/{lesson.id}/"
    subject = {"type": "lesson", "id": str(lesson.id), "url": url}
    messages = {locale: text.format(title=lesson.title) for locale, text in NEW_LESSON.items()}
    Notification.objects.bulk_create(
        (
            Notification(
                recipient_id=student_id,
                kind="lesson_published",
                message=messages.get(locale, messages["en"]),
                subject=subject,
                event_id=event_id,
                created_at=now,
            )
            for student_id, locale in students.values_list("student_id", "student__locale")
        ),
        batch_size=BATCH,
    )
