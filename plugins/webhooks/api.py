"""What other plugins may import from webhooks."""

from .events import WebhookDisabled

__all__ = [
    "WebhookDisabled",
]
