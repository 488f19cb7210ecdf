from django.db import transaction
from django.http import Http404
from notifications.models import tell_of_lesson
from rest_framework.exceptions import PermissionDenied
from rest_framework.mixins import UpdateModelMixin
from rest_framework.permissions import AllowAny
from rest_framework.viewsets import GenericViewSet, ReadOnlyModelViewSet

from .models import Course, Lesson
from .serializers import (
    CourseSerializer,
    CourseWithTeacherNameSerializer,
    CourseWithTeacherSerializer,
    LessonSerializer,
)


class CourseViewSet(ReadOnlyModelViewSet):
    permission_classes = [AllowAny]
    lookup_value_converter = "uuid"

    @property
    def is_expanded(self):
        return self.request.query_params.get("expand") == "teacher"

    def get_queryset(self):
        if self.action == "list":
            found = Course.objects.listed_for(self.request.user)
            return found.select_related("teacher") if self.is_expanded else found
        return Course.objects.all()

    def get_serializer_class(self):
        if not self.is_expanded:
            return CourseSerializer
        return CourseWithTeacherSerializer if self.request.user.is_authenticated else CourseWithTeacherNameSerializer

    def get_object(self):
        course = super().get_object()
        if not course.is_visible_to(self.request.user):
            raise Http404
        return course


class LessonViewSet(UpdateModelMixin, GenericViewSet):
    serializer_class = LessonSerializer
    http_method_names = ["patch"]

    def get_queryset(self):
        return Lesson.objects.filter(course_id=self.kwargs["course_pk"]).select_related("course")

    def get_object(self):
        lesson, user = super().get_object(), self.request.user
        if not lesson.course.is_taught_by(user):
            if lesson.is_published and lesson.course.is_visible_to(user):
                raise PermissionDenied
            raise Http404
        return lesson

    @transaction.atomic
    def perform_update(self, serializer):
        was_published = serializer.instance.is_published
        lesson = serializer.save()
        if lesson.is_published and not was_published and lesson.course.status == "published":
            tell_of_lesson(lesson, by_user=self.request.user)
