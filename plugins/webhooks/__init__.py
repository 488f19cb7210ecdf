"""Webhooks: what happens, told to programs outside.

Offers: a log of the events whose classes name a ``public_type``, numbered without gaps; a feed of it to pull from, and
webhooks (Standard Webhooks) that it is pushed to, with a ledger of every attempt.
Needs: accounts. Course staff have a part in it while courses is on.
"""

from courseplatform.api import Configurator, positive_int


def includeme(config: Configurator) -> None:
    config.include("plugins.accounts")
    config.include("plugins.webhooks.guarding")
    config.add_setting("webhooks.keep_days", positive_int, default=90)
    config.add_rate_limit("webhooks", default="60/hour")
    config.add_problems("plugins.webhooks.problems.PROBLEMS")
    config.add_capability("events", "What happens, as a feed at /api/events/ and as webhooks (Standard Webhooks)")
    config.add_scope("events:read", "Follow what happens in your courses", ["event:list"], is_read_only=True)
    config.add_resource_node("courseplatform.api.Root", "events", "plugins.webhooks.resources.Events")
    config.add_resource_node("courseplatform.api.Root", "webhooks", "plugins.webhooks.resources.Webhooks")
    representations = "plugins.webhooks.representations"
    config.add_representation(
        "plugins.webhooks.models.DomainEvent",
        f"{representations}.event_json",
        schema="plugins.webhooks.schemas.EventAnswer",
    )
    config.add_representation(
        "plugins.webhooks.models.Webhook",
        f"{representations}.webhook_json",
        schema="plugins.webhooks.schemas.WebhookAnswer",
    )
    config.add_representation(
        "plugins.webhooks.models.Delivery",
        f"{representations}.delivery_json",
        load=f"{representations}.load_events",
        schema="plugins.webhooks.schemas.DeliveryAnswer",
    )
    config.add_export("webhooks", "plugins.webhooks.exports.webhooks")
    config.add_metrics("plugins.webhooks.figures.webhook_figures")
    config.add_jobs("plugins.webhooks.jobs")
    config.add_periodic_job("plugins.webhooks.jobs.number_events", every_s=60)
    config.add_periodic_job("plugins.webhooks.jobs.resume_deliveries", every_s=60)
    config.add_periodic_job("plugins.webhooks.jobs.purge_events", every_s=3600)
    config.add_subscriber("plugins.webhooks.subscribers.log_event", "courseplatform.api.Event")
    config.add_subscriber("plugins.webhooks.subscribers.forget_user", "plugins.accounts.api.UserForgotten")
    config.when_on("plugins.courses", "plugins.webhooks.attachments.courses")
    config.scan("plugins.webhooks.event_views")
    config.scan("plugins.webhooks.views")
