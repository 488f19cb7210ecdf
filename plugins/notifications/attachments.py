"""What is told, and who may see it, while the plugin that it happens in is on."""

from courseplatform.api import Configurator

from .texts import TEXTS


def courses(config: Configurator) -> None:
    config.registry["notifications.course_node"] = config.maybe_dotted("plugins.courses.api.CourseItem")
    config.add_notification_subject("course", "plugins.courses.api.course_audience")


def enrollments(config: Configurator) -> None:
    listen(config, "course_enrolled", "plugins.enrollments.events.StudentEnrolled")
    config.add_notification_kind("enrolled", TEXTS["enrolled"], email=True)


def lessons(config: Configurator) -> None:
    config.add_notification_subject(
        "lesson", "plugins.lessons.api.lesson_audience", "plugins.lessons.api.may_know_lesson"
    )
    listen(config, "lesson_published", "plugins.lessons.events.LessonPublished")
    config.add_notification_kind("lesson_published", TEXTS["lesson_published"])


def assignments(config: Configurator) -> None:
    config.add_notification_subject(
        "assignment", "plugins.assignments.api.assignment_audience", "plugins.assignments.api.may_know_assignment"
    )
    listen(config, "assignment_published", "plugins.assignments.events.AssignmentPublished")
    listen(config, "assignment_dates_changed", "plugins.assignments.events.AssignmentDatesChanged")
    listen(config, "assignment_due_soon", "plugins.assignments.events.AssignmentDueSoon")
    config.add_notification_kind("assignment_published", TEXTS["assignment_published"])
    config.add_notification_kind("due_date_changed", TEXTS["due_date_changed"])
    config.add_notification_kind("due_soon", TEXTS["due_soon"], email=True)


def submissions(config: Configurator) -> None:
    config.add_notification_subject(
        "submission", "plugins.submissions.api.submission_audience", "plugins.submissions.api.may_know_submission"
    )
    listen(config, "submission_submitted", "plugins.submissions.events.SubmissionSubmitted")
    listen(config, "submission_graded", "plugins.submissions.events.SubmissionGraded")
    listen(config, "submission_returned", "plugins.submissions.events.SubmissionReturned")
    config.add_notification_kind("submitted", TEXTS["submitted"])
    config.add_notification_kind("graded", TEXTS["graded"], email=True)
    config.add_notification_kind("returned", TEXTS["returned"], email=True)


def comments(config: Configurator) -> None:
    config.add_notification_subject(
        "comment", "plugins.comments.api.comment_audience", "plugins.comments.api.may_know_comment"
    )
    listen(config, "comment_replied", "plugins.comments.events.CommentReplied")
    config.add_notification_kind("replied", TEXTS["replied"])


def certificates(config: Configurator) -> None:
    config.add_notification_subject("certificate", "plugins.certificates.api.certificate_audience")
    listen(config, "certificate_issued", "plugins.certificates.events.CertificateIssued")
    listen(config, "certificate_revoked", "plugins.certificates.events.CertificateRevoked")
    config.add_notification_kind("certificate_issued", TEXTS["certificate_issued"], email=True)
    config.add_notification_kind("certificate_revoked", TEXTS["certificate_revoked"], email=True)


def listen(config: Configurator, subscriber: str, event: str) -> None:
    config.add_subscriber(f"plugins.notifications.subscribers.{subscriber}", event)
