"""What the event feed and webhooks take in and give out."""

from courseplatform.api import (
    Answer,
    AnyText,
    Anything,
    Body,
    Choice,
    Flag,
    Id,
    Listing,
    ListQuery,
    Moment,
    Query,
    Text,
    Url,
    Whole,
    field,
)

from .models import STATUSES

#: Beyond what a sequence will ever reach, and still exact in every JSON reader.
LARGEST_SEQUENCE = 2**53 - 1


class WebhookBody(Body):
    url = field(Url())
    event_types = field(Listing(), field(Text(100), name="type"), missing=[], description="Empty for all.")
    course_id = field(
        Id(), missing=None, nullable=True, description="A course that you teach. Administrators: null for everything."
    )
    description = field(Text(500), missing="")
    is_enabled = field(Flag(), missing=True)


class WebhookList(ListQuery):
    course_id = field(Id(), missing=None)
    is_enabled = field(Flag(is_text=True), missing=None)


class DeliveryList(ListQuery):
    status = field(Choice(*STATUSES), missing=None)


class Replay(Body):
    after = field(Whole(0, LARGEST_SEQUENCE), description="The sequence of the last event that needs no sending.")


class EventFeed(Query):
    after = field(Whole(0, LARGEST_SEQUENCE, is_text=True), missing=0, description="The last sequence that you have.")
    limit = field(Whole(1, 100, is_text=True), missing=20, description="Events a page.")
    type = field(Text(100), missing=None)
    course_id = field(Id(), missing=None)


class EventAnswer(Answer):
    id = field(Id())
    sequence = field(Whole(0, LARGEST_SEQUENCE))
    type = field(AnyText())
    timestamp = field(Moment())
    course_id = field(Id(), nullable=True)
    actor_id = field(Id(), nullable=True, description="Who did it; null for the platform.")
    data = field(Anything(), description="By type; ids and scalars only.")


class WebhookAnswer(Answer):
    id = field(Id())
    owner_id = field(Id())
    url = field(AnyText())
    event_types = field(Listing(), field(AnyText(), name="type"))
    course_id = field(Id(), nullable=True)
    description = field(AnyText())
    is_enabled = field(Flag())
    disabled_reason = field(
        AnyText(), nullable=True, description="Why the platform disabled it; null if its owner did."
    )
    failing_since = field(Moment(), nullable=True)
    created_at = field(Moment())


class WebhookWithSecretAnswer(WebhookAnswer):
    secret = field(AnyText(), description="Shown this once.")


class SecretAnswer(Answer):
    secret = field(AnyText(), description="Shown this once.")


class DeliveryAnswer(Answer):
    id = field(Id())
    event_id = field(Id())
    event_type = field(AnyText())
    sequence = field(Whole(0, LARGEST_SEQUENCE), nullable=True)
    attempt = field(Whole())
    status = field(Choice(*STATUSES))
    due_at = field(Moment())
    attempted_at = field(Moment(), nullable=True)
    status_code = field(Whole(), nullable=True)
    error = field(AnyText(), nullable=True)
    duration_ms = field(Whole(), nullable=True)


class TestedAnswer(Answer):
    event_type = field(Choice("webhook.test"))


class ReplayedAnswer(Answer):
    after = field(Whole(0, LARGEST_SEQUENCE))
    until = field(Whole(0, LARGEST_SEQUENCE))
