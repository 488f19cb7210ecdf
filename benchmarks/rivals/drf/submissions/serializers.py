from accounts.serializers import CardSerializer
from rest_framework import serializers

from .models import Submission


class FileSerializer(serializers.Serializer):
    name = serializers.CharField(source="file_name")
    size_bytes = serializers.IntegerField(source="file_size_bytes")
    content_type = serializers.CharField(source="file_content_type")
    sha256 = serializers.CharField(source="file_sha256")


class ReceiptSerializer(serializers.Serializer):
    sha256 = serializers.CharField(source="content_sha256")
    received_at = serializers.DateTimeField(source="submitted_at")


class StudentSerializer(serializers.Serializer):
    student = CardSerializer()


class SubmissionSerializer(serializers.ModelSerializer):
    text = serializers.CharField(max_length=100_000, trim_whitespace=False)
    file = FileSerializer(read_only=True)
    receipt = ReceiptSerializer(read_only=True)
    is_checked = serializers.BooleanField(read_only=True)

    class Meta:
        model = Submission
        fields = [
            "id",
            "assignment_id",
            "student_id",
            "attempt",
            "text",
            "file",
            "status",
            "is_checked",
            "grade",
            "feedback",
            "is_late",
            "submitted_at",
            "checked_at",
            "receipt",
        ]
        read_only_fields = ["attempt", "status", "grade", "feedback", "is_late", "submitted_at", "checked_at"]

    def validate_text(self, text):
        if not text.strip():
            raise serializers.ValidationError("is empty")
        return text


class SubmissionWithStudentSerializer(SubmissionSerializer):
    extensions = StudentSerializer(source="*", read_only=True)

    class Meta(SubmissionSerializer.Meta):
        fields = [*SubmissionSerializer.Meta.fields, "extensions"]
