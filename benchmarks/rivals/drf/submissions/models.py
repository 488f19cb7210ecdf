import hashlib

from accounts.models import User
from courses.models import Lesson
from django.db import models
from uuid_utils.compat import uuid7


class Assignment(models.Model):
    id = models.UUIDField(primary_key=True, default=uuid7)
    lesson = models.ForeignKey(Lesson, on_delete=models.CASCADE)
    title = models.TextField()
    due_at = models.DateTimeField(null=True)
    lock_at = models.DateTimeField(null=True)
    max_points = models.IntegerField(default=100)
    pass_points = models.IntegerField(default=0)
    max_attempts = models.IntegerField(null=True)
    is_published = models.BooleanField(default=True)
    is_required = models.BooleanField(default=True)

    class Meta:
        managed = False
        db_table = "assignments"


class Submission(models.Model):
    id = models.UUIDField(primary_key=True, default=uuid7)
    assignment = models.ForeignKey(Assignment, on_delete=models.PROTECT)
    student = models.ForeignKey(User, on_delete=models.PROTECT)
    attempt = models.IntegerField()
    text = models.TextField(default="")
    file_key = models.TextField(null=True)
    file_name = models.TextField(null=True)
    file_size_bytes = models.BigIntegerField(null=True)
    file_content_type = models.TextField(null=True)
    file_sha256 = models.TextField(null=True)
    status = models.TextField(default="submitted")
    grade = models.IntegerField(null=True)
    feedback = models.TextField(default="")
    is_late = models.BooleanField(default=False)
    content_sha256 = models.TextField(null=True)
    created_at = models.DateTimeField()
    submitted_at = models.DateTimeField(null=True)
    deadline_due_at = models.DateTimeField(null=True)
    deadline_lock_at = models.DateTimeField(null=True)
    checked_at = models.DateTimeField(null=True)

    class Meta:
        managed = False
        db_table = "submissions"

    @property
    def is_checked(self):
        return self.status == "checked"

    @property
    def file(self):
        return self if self.file_key else None

    @property
    def receipt(self):
        return self if self.content_sha256 else None


def content_sha256(text):
    """The receipt's hash of work without a file."""
    return hashlib.sha256(text.encode() + b"\0").hexdigest()
