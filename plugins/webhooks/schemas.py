"""What the event feed and webhooks take in."""

from courseplatform.api import Body, Choice, Flag, Id, Listing, ListQuery, Query, Text, Url, Whole, field

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
