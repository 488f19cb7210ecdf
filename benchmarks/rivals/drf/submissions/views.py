from courses.models import Enrollment
from django.db import IntegrityError, transaction
from django.db.models import Q
from django.http import Http404
from django.shortcuts import get_object_or_404
from django.utils import timezone
from rest_framework.exceptions import APIException, PermissionDenied
from rest_framework.mixins import CreateModelMixin, ListModelMixin, RetrieveModelMixin
from rest_framework.viewsets import GenericViewSet

from .models import Assignment, Submission, content_sha256
from .serializers import SubmissionSerializer, SubmissionWithStudentSerializer


class Conflict(APIException):
    status_code = 409


class SubmissionViewSet(CreateModelMixin, ListModelMixin, RetrieveModelMixin, GenericViewSet):
    """Beneath an assignment: staff see all but drafts, students their own, and students alone hand in."""

    lookup_value_converter = "uuid"

    def get_serializer_class(self):
        is_expanded = self.request.query_params.get("expand") == "student"
        return SubmissionWithStudentSerializer if is_expanded else SubmissionSerializer

    def get_assignment(self):
        """The one that all ids of the path name, if it is there for the caller."""
        assignment = get_object_or_404(
            Assignment.objects.select_related("lesson__course"),
            pk=self.kwargs["assignment_id"],
            lesson_id=self.kwargs["lesson_id"],
            lesson__course_id=self.kwargs["course_id"],
        )
        self.require_visible(assignment)
        return assignment

    def require_visible(self, assignment):
        user, lesson = self.request.user, assignment.lesson
        self.is_staff = lesson.course.is_taught_by(user)
        if self.is_staff or (user.role == "admin" and assignment.is_published):
            return
        if not (lesson.is_published and assignment.is_published and lesson.course.is_visible_to(user)):
            raise Http404

    def took_part(self, course_id, *statuses):
        found = Enrollment.objects.filter(course_id=course_id, student=self.request.user)
        return (found.filter(status__in=statuses) if statuses else found).exists()

    def get_queryset(self):
        user = self.request.user
        if self.action == "retrieve":
            return Submission.objects.select_related("assignment__lesson__course").filter(
                assignment_id=self.kwargs["assignment_id"],
                assignment__lesson_id=self.kwargs["lesson_id"],
                assignment__lesson__course_id=self.kwargs["course_id"],
            )
        assignment, is_own = self.get_assignment(), Q(student=user)
        if not self.is_staff and not self.took_part(self.kwargs["course_id"]) and user.role != "admin":
            raise PermissionDenied
        may_see = is_own | ~Q(status="draft") if self.is_staff or user.role == "admin" else is_own
        found = Submission.objects.filter(may_see, assignment=assignment)
        is_expanded = self.get_serializer_class() is SubmissionWithStudentSerializer
        return found.select_related("student") if is_expanded else found

    def get_object(self):
        submission, user = super().get_object(), self.request.user
        self.require_visible(submission.assignment)
        if submission.student_id != user.id and (
            submission.status == "draft" or not (self.is_staff or user.role == "admin")
        ):
            raise Http404
        return submission

    def create(self, request, *args, **kwargs):
        self.assignment = self.get_assignment()
        if self.is_staff or request.user.role == "admin":
            raise PermissionDenied
        if not self.took_part(self.kwargs["course_id"], *Enrollment.TAKING_PART):
            raise PermissionDenied
        return super().create(request, *args, **kwargs)

    def perform_create(self, serializer):
        now, user = timezone.now(), self.request.user
        try:
            with transaction.atomic():
                self.save_attempt(serializer, now, user)
        except IntegrityError as error:  # somebody was quicker with the same attempt
            raise Conflict("attempt_exists") from error

    def save_attempt(self, serializer, now, user):
        assignment = self.assignment
        if assignment.lesson.course.status == "archived":
            raise Conflict("course_archived")
        if assignment.lock_at and now > assignment.lock_at:
            raise Conflict("submission_locked")
        earlier = Submission.objects.select_for_update(no_key=True).filter(assignment=assignment, student=user)
        latest, sha256 = earlier.order_by("-attempt").first(), content_sha256(serializer.validated_data["text"])
        attempt = latest.attempt + 1 if latest else 1
        if latest and latest.status == "draft":
            raise Conflict("draft_exists")
        if latest and latest.is_checked:
            raise Conflict("already_checked")
        if latest and latest.status == "submitted" and latest.content_sha256 == sha256:
            raise Conflict("same_content")
        if assignment.max_attempts is not None and attempt > assignment.max_attempts:
            raise Conflict("attempts_exhausted")
        serializer.save(
            assignment=assignment,
            student=user,
            attempt=attempt,
            created_at=now,
            submitted_at=now,
            is_late=assignment.due_at is not None and now > assignment.due_at,
            deadline_due_at=assignment.due_at,
            deadline_lock_at=assignment.lock_at,
            content_sha256=sha256,
        )
