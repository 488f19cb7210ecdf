"""What notifications take in and give out."""

from typing import Any

import colander

from courseplatform.api import Answer, AnyText, Anything, Body, Flag, Id, ListQuery, Moment, Text, Whole, drop, field


class Switches(colander.Mapping):
    """A JSON object of kinds: true, false, or null for the default."""

    def deserialize(self, node: Any, cstruct: Any) -> Any:
        if cstruct is colander.null:
            return cstruct
        if not isinstance(cstruct, dict) or {type(value) for value in cstruct.values()} - {bool, type(None)}:
            raise colander.Invalid(node, "must be an object of true, false and null by kind")
        return cstruct


class NewNotification(Body):
    recipient_id = field(Id())
    message = field(Text(2_000, min_chars=1), example="The exam is on Friday.")


class NotificationBody(Body):
    recipient_id = field(Id(), missing=drop, description="Administrators only.")
    message = field(Text(2_000, min_chars=1), example="The exam is on Friday.", description="Administrators only.")
    is_read = field(Flag(), missing=False)


class NotificationList(ListQuery):
    is_read = field(Flag(is_text=True), missing=None)
    kind = field(Text(60), missing=None)
    since = field(
        Whole(is_text=True), missing=None, description="What is new or changed after this ``sequence``, in that order."
    )


class PreferencesBody(Body):
    in_app = field(Switches(), missing=None, description="Which kinds are listed.")
    email = field(Switches(), missing=None, description="Which kinds are mailed.")


class NotificationAnswer(Answer):
    id = field(Id())
    recipient_id = field(Id())
    message = field(AnyText())
    kind = field(AnyText())
    subject = field(Anything(), nullable=True, description="What it is about: ``type``, ``id`` and more by kind.")
    sequence = field(Whole(), description="Rises with every change; ask for more with '?since='.")
    is_read = field(Flag())
    created_at = field(Moment())


class PreferencesAnswer(Answer):
    in_app = field(Switches())
    email = field(Switches())


class MarkedAnswer(Answer):
    marked = field(Whole(), description="How many were unread.")
