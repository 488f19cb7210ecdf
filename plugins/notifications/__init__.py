"""Notifications: what users should know, made from what happens elsewhere.

Offers: a user's notifications, in the platform and by mail, and what they prefer; ``tell`` and ``tell_role``; the
directives ``add_notification_kind`` and ``add_notification_subject``.
Needs: accounts. Listens to whichever of the plugins about courses are on.
"""

from courseplatform.api import Configurator

from .texts import TEXTS, link_template

NEIGHBOURS = ("courses", "enrollments", "lessons", "assignments", "submissions", "comments", "certificates")


def includeme(config: Configurator) -> None:
    config.include("plugins.accounts")
    config.include("plugins.notifications.kinds")
    config.add_setting("notifications.link_template", link_template, default="{base_url}{path}")
    config.add_problems("plugins.notifications.problems.PROBLEMS")
    reading = ["notification:list", "notification:view", "notification:prefer"]
    marking = ["notification:mark", "notification:mark_all", "notification:prefer"]
    config.add_scope("notifications:read", "See your notifications", reading, is_read_only=True)
    config.add_scope("notifications:write", "Mark your notifications as read, and choose which you get", marking)
    config.add_resource_node(
        "plugins.accounts.api.Users", "notifications", "plugins.notifications.resources.Notifications"
    )
    config.add_resource_node(
        "plugins.notifications.resources.Notifications",
        "preferences",
        "plugins.notifications.resources.Preferences",
    )
    config.add_representation(
        "plugins.notifications.models.Notification",
        "plugins.notifications.representations.notification_json",
        schema="plugins.notifications.schemas.NotificationAnswer",
    )
    config.add_export("notifications", "plugins.notifications.exports.notifications")
    config.add_export("notification_preferences", "plugins.notifications.exports.preferences")
    config.add_jobs("plugins.notifications.jobs", bulk=["mail_notification"])
    config.add_notification_kind("message", TEXTS["message"], email=True, fixed=("in_app",))
    config.add_notification_kind("role_changed", TEXTS["role_changed"], email=True)
    config.add_notification_subject("user", "plugins.notifications.audiences.user_audience")
    config.add_subscriber("plugins.notifications.subscribers.role_changed", "plugins.accounts.events.UserRoleChanged")
    config.add_subscriber("plugins.notifications.subscribers.forget_user", "plugins.accounts.events.UserForgotten")
    for name in NEIGHBOURS:
        config.when_on(f"plugins.{name}", f"plugins.notifications.attachments.{name}")
    for job, forecast in (
        ("notify_role", "news_for_roles"),
        ("notify", "news_for_users"),
        ("mail_notification", "mails"),
    ):
        config.add_job_forecast(
            "notifications", f"plugins.notifications.jobs.{job}", f"plugins.notifications.forecasts.{forecast}"
        )
    config.scan("plugins.notifications.views")
    config.scan("plugins.notifications.preference_views")
