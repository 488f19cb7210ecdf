"""What happens to webhooks."""

from dataclasses import dataclass
from uuid import UUID

from courseplatform.api import Event


@dataclass(frozen=True, kw_only=True)
class WebhookTested(Event):
    """Someone tries a webhook: this event goes to that one alone."""

    public_type = "webhook.test"

    webhook_id: UUID
    course_id: UUID | None
    by_user_id: UUID


@dataclass(frozen=True, kw_only=True)
class WebhookDisabled(Event):
    """The platform sends a webhook nothing any more. ``reason``: of ``Webhook.disabled_reason``."""

    public_type, public_fields = "webhook.disabled", ("reason",)

    webhook_id: UUID
    course_id: UUID | None
    owner_id: UUID
    reason: str
