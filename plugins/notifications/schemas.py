"""What notifications take in."""

from courseplatform.api import Body, Choice, Flag, Id, ListQuery, Moment, Text, drop, field

from .models import KINDS


class NewNotification(Body):
    recipient_id = field(Id())
    message = field(Text(2_000, min_chars=1))


class NotificationBody(Body):
    recipient_id = field(Id(), missing=drop, description="Administrators only.")
    message = field(Text(2_000, min_chars=1), description="Administrators only.")
    is_read = field(Flag(), missing=False)


class NotificationList(ListQuery):
    is_read = field(Flag(is_text=True), missing=None)
    kind = field(Choice(*KINDS), missing=None)
    since = field(Moment(), missing=None, description="Made at this time or later.")
