"""Enrollments: who takes which course, and how far they are.

Offers: enrollments; the local roles ``student`` (takes part now) and ``participant`` (does or once did) at
``CourseItem``; the directive ``add_progress_source`` for plugins whose rows make up a course's progress.
Needs: courses, accounts.
"""

from courseplatform.api import Configurator


def includeme(config: Configurator) -> None:
    config.include("plugins.accounts")
    config.include("plugins.courses")
    config.include("plugins.enrollments.progress")
    course_item = "plugins.courses.resources.CourseItem"
    config.add_problems("plugins.enrollments.problems.PROBLEMS")
    own, roster = "enrollment:view_own", "enrollment:roster"
    config.add_scope("enrollments:read", "See enrollments and progress", [own, roster], is_read_only=True)
    config.add_scope("enrollments:write", "Enrol, drop and complete lessons", [own, roster, "enrollment:enrol_self"])
    config.add_resource_node(course_item, "enrollments", "plugins.enrollments.resources.Enrollments")
    config.add_resource_node(
        "plugins.enrollments.resources.Enrollments", "me", "plugins.enrollments.resources.MyEnrollment"
    )
    config.add_resource_node(course_item, "progress", "plugins.enrollments.resources.Progress")
    config.add_local_role(course_item, "student", "plugins.enrollments.roles.studies")
    config.add_local_role(course_item, "participant", "plugins.enrollments.roles.took_part")
    config.add_course_dependent("enrollments", "plugins.enrollments.operations.count_enrollments")
    config.add_representation(
        "plugins.enrollments.models.Enrollment",
        "plugins.enrollments.representations.enrollment_json",
        load="plugins.enrollments.progress.load_percents",
        schema="plugins.enrollments.schemas.EnrollmentAnswer",
    )
    config.add_extension(
        "plugins.enrollments.models.Enrollment",
        "student",
        "plugins.enrollments.representations.load_students",
        answer="plugins.accounts.api.UserCardAnswer",
    )
    config.add_subscriber(
        "plugins.enrollments.subscribers.refuse_enrolled_teacher", "plugins.courses.events.CourseTeacherAdded"
    )
    config.add_subscriber("plugins.enrollments.subscribers.delete_enrollments", "plugins.courses.events.CourseDeleted")
    config.add_subscriber("plugins.enrollments.subscribers.drop_enrollments", "plugins.accounts.events.UserForgotten")
    for event, forecast in (("Unpublished", "locked_out"), ("Deleted", "locked_out"), ("Archived", "stopped")):
        config.add_forecast(
            "students", f"plugins.courses.api.Course{event}", f"plugins.enrollments.forecasts.{forecast}"
        )
    config.add_forecast("enrollments", "plugins.accounts.api.UserErased", "plugins.enrollments.forecasts.dropped")
    config.add_jobs("plugins.enrollments.jobs")
    config.require_verified("plugins.enrollments.resources.MyEnrollment", "enrollment:enrol_self")
    config.add_export("enrollments", "plugins.enrollments.exports.enrollments")
    config.add_counter(
        "courseplatform_enrollments", "Enrollments made.", of="plugins.enrollments.events.StudentEnrolled"
    )
    config.add_counter(
        "courseplatform_enrollments_ended",
        "Enrollments ended.",
        labels=("status",),
        of="plugins.enrollments.events.StudentLeft",
    )
    config.add_rate_limit("enrol_by_email", default="30/hour")
    config.scan("plugins.enrollments.views")
    config.scan("plugins.enrollments.bulk_views")
