from accounts.serializers import CardSerializer, PublicNameSerializer
from rest_framework import serializers

from .models import Course, Lesson


class CourseSerializer(serializers.ModelSerializer):
    review_average = serializers.FloatField(read_only=True)

    class Meta:
        model = Course
        fields = [
            "id",
            "title",
            "description",
            "teacher_id",
            "status",
            "created_at",
            "updated_at",
            "review_count",
            "review_average",
        ]


class TeacherCardSerializer(serializers.Serializer):
    teacher = CardSerializer()


class TeacherNameSerializer(serializers.Serializer):
    teacher = PublicNameSerializer()


class CourseWithTeacherSerializer(CourseSerializer):
    extensions = TeacherCardSerializer(source="*", read_only=True)

    class Meta(CourseSerializer.Meta):
        fields = [*CourseSerializer.Meta.fields, "extensions"]


class CourseWithTeacherNameSerializer(CourseWithTeacherSerializer):
    """To nobody in particular."""

    extensions = TeacherNameSerializer(source="*", read_only=True)


class LessonSerializer(serializers.ModelSerializer):
    class Meta:
        model = Lesson
        fields = [
            "id",
            "course_id",
            "title",
            "position",
            "is_published",
            "is_required",
            "created_at",
            "description",
            "materials",
        ]
        read_only_fields = ["position", "created_at"]
