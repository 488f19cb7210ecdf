"""What is listened to while the plugin that it happens in is on."""

from pyramid.config import Configurator


def courses(config: Configurator) -> None:
    config.registry["notifications.course_node"] = config.maybe_dotted("plugins.courses.api.CourseItem")


def enrollments(config: Configurator) -> None:
    listen(config, "course_enrolled", "plugins.enrollments.events.StudentEnrolled")


def lessons(config: Configurator) -> None:
    listen(config, "lesson_published", "plugins.lessons.events.LessonPublished")


def assignments(config: Configurator) -> None:
    listen(config, "assignment_published", "plugins.assignments.events.AssignmentPublished")
    listen(config, "assignment_dates_changed", "plugins.assignments.events.AssignmentDatesChanged")
    listen(config, "assignment_due_soon", "plugins.assignments.events.AssignmentDueSoon")


def submissions(config: Configurator) -> None:
    listen(config, "submission_submitted", "plugins.submissions.events.SubmissionSubmitted")
    listen(config, "submission_graded", "plugins.submissions.events.SubmissionGraded")
    listen(config, "submission_returned", "plugins.submissions.events.SubmissionReturned")


def comments(config: Configurator) -> None:
    listen(config, "comment_replied", "plugins.comments.events.CommentReplied")


def certificates(config: Configurator) -> None:
    listen(config, "certificate_issued", "plugins.certificates.events.CertificateIssued")
    listen(config, "certificate_revoked", "plugins.certificates.events.CertificateRevoked")


def listen(config: Configurator, subscriber: str, event: str) -> None:
    config.add_subscriber(f"plugins.notifications.subscribers.{subscriber}", event)
