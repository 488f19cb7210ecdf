"""Submissions: students' work, attempt by attempt, and how it is graded.

Offers: submissions beneath assignments, with text, a file and a receipt, signed, and the command ``verify-receipt``;
grading with its history; the local role ``author`` at ``SubmissionItem``; the progress source ``submissions``.
Needs: assignments, lessons, enrollments (progress), courses, uploads, accounts.
"""

from courseplatform.api import Configurator, positive_int


def includeme(config: Configurator) -> None:
    config.include("plugins.assignments")
    config.include("plugins.uploads")
    config.add_setting("submissions.max_file_bytes", positive_int, default=20 * 1024 * 1024)
    config.add_capability(
        "uploads", lambda settings: f"Work as a file of up to {settings['submissions.max_file_bytes']} bytes"
    )
    config.add_problems("plugins.submissions.problems.PROBLEMS")
    reading = ["submission:list", "submission:list_all", "submission:view"]
    config.add_scope("submissions:read", "See submissions, their files and grades", reading, is_read_only=True)
    config.add_scope("submissions:write", "Hand in and change work for you", ["submission:submit", "submission:edit"])
    config.add_scope("submissions:write", permissions=["upload:list", "upload:begin", "upload:own"])
    config.add_scope("grades:write", "Grade and return work in your courses", ["submission:grade"])
    config.add_resource_node(
        "plugins.assignments.api.AssignmentItem", "submissions", "plugins.submissions.resources.Submissions"
    )
    config.add_local_role("plugins.submissions.resources.SubmissionItem", "author", "plugins.submissions.roles.wrote")
    config.add_representation(
        "plugins.submissions.models.Submission",
        "plugins.submissions.representations.submission_json",
        schema="plugins.submissions.schemas.SubmissionAnswer",
    )
    config.add_extension(
        "plugins.submissions.models.Submission",
        "student",
        "plugins.submissions.representations.load_students",
        answer="plugins.accounts.api.UserCardAnswer",
    )
    config.add_extension(
        "plugins.submissions.models.Submission", "etag", "plugins.submissions.representations.load_etags"
    )
    config.add_course_dependent("submissions", "plugins.submissions.progress.count_in_course")
    config.add_progress_source(
        "submissions",
        total="plugins.submissions.progress.count_required",
        done="plugins.submissions.progress.count_passed",
    )
    config.add_file_owner("plugins.submissions.models.Submission.file_key")
    config.add_subscriber(
        "plugins.submissions.subscribers.recompute_lateness", "plugins.assignments.api.AssignmentDatesChanged"
    )
    config.add_subscriber(
        "plugins.submissions.subscribers.recompute_lateness", "plugins.assignments.api.StudentDatesChanged"
    )
    config.add_subscriber(
        "plugins.submissions.subscribers.keep_grades_valid", "plugins.assignments.api.AssignmentPointsChanged"
    )
    config.add_subscriber(
        "plugins.submissions.subscribers.keep_assignment_with_work", "plugins.assignments.api.AssignmentDeleted"
    )
    config.add_subscriber("plugins.submissions.subscribers.delete_work_of_course", "plugins.courses.api.CourseDeleted")
    for event in ("AssignmentDatesChanged", "StudentDatesChanged"):
        config.add_forecast("submissions", f"plugins.assignments.api.{event}", "plugins.submissions.forecasts.lateness")
    config.require_verified("plugins.submissions.resources.Submissions", "submission:submit")
    config.require_verified("plugins.submissions.resources.SubmissionItem", "submission:edit")
    submitted, graded = "plugins.submissions.events.SubmissionSubmitted", "plugins.submissions.events.SubmissionGraded"
    config.add_counter("courseplatform_submissions", "Attempts handed in.", of=submitted)
    config.add_counter("courseplatform_grades", "Grades given, and changed.", labels=("is_first",), of=graded)
    config.add_export("submissions", "plugins.submissions.exports.submissions")
    config.scan("plugins.submissions.views")
    config.scan("plugins.submissions.grading_views")
    config.scan("plugins.submissions.bulk_views")
    config.scan("plugins.submissions.receipt_views")
