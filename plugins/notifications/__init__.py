"""Notifications: what users should know, made from what happens elsewhere.

Offers: a user's notifications; delivery to one user or to all who hold a role at a course.
Needs: accounts; the plugins whose events it listens to, all by name.
"""

from pyramid.config import Configurator

SUBSCRIBERS = (
    ("course_enrolled", "plugins.enrollments.events.StudentEnrolled"),
    ("lesson_published", "plugins.lessons.events.LessonPublished"),
    ("assignment_published", "plugins.assignments.events.AssignmentPublished"),
    ("assignment_dates_changed", "plugins.assignments.events.AssignmentDatesChanged"),
    ("assignment_due_soon", "plugins.assignments.events.AssignmentDueSoon"),
    ("submission_submitted", "plugins.submissions.events.SubmissionSubmitted"),
    ("submission_graded", "plugins.submissions.events.SubmissionGraded"),
    ("submission_returned", "plugins.submissions.events.SubmissionReturned"),
    ("comment_replied", "plugins.comments.events.CommentReplied"),
    ("certificate_issued", "plugins.certificates.events.CertificateIssued"),
    ("certificate_revoked", "plugins.certificates.events.CertificateRevoked"),
    ("role_changed", "plugins.accounts.events.UserRoleChanged"),
    ("forget_user", "plugins.accounts.events.UserErased"),
)


def includeme(config: Configurator) -> None:
    for name in (
        "accounts",
        "courses",
        "enrollments",
        "lessons",
        "assignments",
        "submissions",
        "certificates",
        "comments",
    ):
        config.include(f"plugins.{name}")
    config.registry["notifications.course_node"] = config.maybe_dotted("plugins.courses.api.CourseItem")
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
    for subscriber, event in SUBSCRIBERS:
        config.add_subscriber(f"plugins.notifications.subscribers.{subscriber}", event)
    config.scan("plugins.notifications.views")
