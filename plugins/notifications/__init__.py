"""Notifications: what users should know, made from what happens elsewhere.

Offers: a user's notifications; delivery to one user or to all who hold a role at a course.
Needs: accounts. Listens to whichever of the plugins about courses are on.
"""

from pyramid.config import Configurator

NEIGHBOURS = ("courses", "enrollments", "lessons", "assignments", "submissions", "comments", "certificates")


def includeme(config: Configurator) -> None:
    config.include("plugins.accounts")
    config.add_problems("plugins.notifications.problems.PROBLEMS")
    reading, marking = ["notification:list", "notification:view"], ["notification:mark", "notification:mark_all"]
    config.add_scope("notifications:read", "See your notifications", reading, is_read_only=True)
    config.add_scope("notifications:write", "Mark your notifications as read", marking)
    config.add_resource_node(
        "plugins.accounts.api.Users", "notifications", "plugins.notifications.resources.Notifications"
    )
    config.add_representation(
        "plugins.notifications.models.Notification", "plugins.notifications.representations.notification_json"
    )
    config.add_export("notifications", "plugins.notifications.exports.notifications")
    config.add_jobs("plugins.notifications.jobs")
    config.add_subscriber("plugins.notifications.subscribers.role_changed", "plugins.accounts.events.UserRoleChanged")
    config.add_subscriber("plugins.notifications.subscribers.forget_user", "plugins.accounts.events.UserForgotten")
    for name in NEIGHBOURS:
        config.when_on(f"plugins.{name}", f"plugins.notifications.attachments.{name}")
    config.scan("plugins.notifications.views")
