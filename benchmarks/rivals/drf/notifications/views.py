from django.utils.decorators import method_decorator
from django.views.decorators.http import conditional_page
from rest_framework import serializers
from rest_framework.mixins import ListModelMixin
from rest_framework.viewsets import GenericViewSet

from .models import Notification


class NotificationSerializer(serializers.ModelSerializer):
    class Meta:
        model = Notification
        fields = ["id", "recipient_id", "message", "kind", "subject", "sequence", "is_read", "created_at"]


@method_decorator(conditional_page, name="dispatch")
class NotificationViewSet(ListModelMixin, GenericViewSet):
    """The caller's own, newest first; 304 to who has the page already."""

    serializer_class = NotificationSerializer

    def get_queryset(self):
        found = Notification.objects.filter(recipient=self.request.user, is_listed=True)
        is_read = self.request.query_params.get("is_read")
        return found if is_read is None else found.filter(is_read=is_read == "true")
