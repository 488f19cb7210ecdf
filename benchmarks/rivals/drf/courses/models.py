from accounts.models import TEACHING, User
from django.db import models
from django.db.models import Exists, OuterRef, Q
from uuid_utils.compat import uuid7


class CourseQuerySet(models.QuerySet):
    def listed_for(self, user):
        """Published ones; to teachers their own too, to administrators all."""
        if user.is_authenticated and user.role == "admin":
            return self
        is_listed = Q(status="published")
        if user.is_authenticated and user.role == "teacher":
            is_listed |= Q(teacher=user) | Exists(CourseTeacher.objects.filter(course=OuterRef("pk"), user=user))
        return self.filter(is_listed)


class Course(models.Model):
    id = models.UUIDField(primary_key=True, default=uuid7)
    title = models.TextField()
    description = models.TextField(default="")
    teacher = models.ForeignKey(User, on_delete=models.PROTECT)
    status = models.TextField(default="draft")
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)
    review_count = models.IntegerField(default=0)
    rating_sum = models.IntegerField(default=0)

    objects = CourseQuerySet.as_manager()

    class Meta:
        managed = False
        db_table = "courses"

    @property
    def review_average(self):
        return round(self.rating_sum / self.review_count, 2) if self.review_count else None

    def is_taught_by(self, user):
        if not user.is_authenticated or user.role not in TEACHING:
            return False
        return self.teacher_id == user.id or CourseTeacher.objects.filter(course=self, user=user).exists()

    def is_visible_to(self, user):
        """Published to everyone, archived to those who took part, anything to its staff."""
        if self.status == "published" or (user.is_authenticated and user.role == "admin"):
            return True
        if self.is_taught_by(user):
            return True
        return self.status == "archived" and user.is_authenticated and self.enrollments.filter(student=user).exists()


class CourseTeacher(models.Model):
    pk = models.CompositePrimaryKey("course_id", "user_id")
    course = models.ForeignKey(Course, on_delete=models.CASCADE)
    user = models.ForeignKey(User, on_delete=models.PROTECT)

    class Meta:
        managed = False
        db_table = "course_teachers"


class Enrollment(models.Model):
    TAKING_PART = ("active", "completed")

    id = models.UUIDField(primary_key=True, default=uuid7)
    course = models.ForeignKey(Course, on_delete=models.CASCADE, related_name="enrollments")
    student = models.ForeignKey(User, on_delete=models.PROTECT)
    status = models.TextField(default="active")

    class Meta:
        managed = False
        db_table = "enrollments"


class Lesson(models.Model):
    id = models.UUIDField(primary_key=True, default=uuid7)
    course = models.ForeignKey(Course, on_delete=models.CASCADE)
    title = models.TextField()
    description = models.TextField(default="")
    materials = models.JSONField(default=list)
    position = models.IntegerField()
    is_published = models.BooleanField(default=True)
    is_required = models.BooleanField(default=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        managed = False
        db_table = "lessons"


class LessonCompletion(models.Model):
    pk = models.CompositePrimaryKey("lesson_id", "student_id")
    lesson = models.ForeignKey(Lesson, on_delete=models.CASCADE)
    student = models.ForeignKey(User, on_delete=models.PROTECT)

    class Meta:
        managed = False
        db_table = "lesson_completions"
