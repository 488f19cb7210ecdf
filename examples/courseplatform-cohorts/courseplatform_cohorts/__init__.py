"""Cohorts: groups of students in a course, with dates and lessons of their own.

Offers: cohorts beneath courses; the extension ``cohort`` of enrollments, to be read and written; the filter
``?cohort=`` of the roster; the local role ``member`` at ``CohortItem``.
Needs: assignments, lessons, enrollments, courses, accounts. Tells students through notifications, where they are on.
"""

from courseplatform.api import Configurator, positive_int


def includeme(config: Configurator) -> None:
    config.include("plugins.assignments")
    config.add_migrations("courseplatform_cohorts:migrations")
    config.add_setting("cohorts.default_capacity", positive_int, default=30)
    config.add_capability("cohorts", "Groups of students with dates and lessons of their own")
    config.add_problems("courseplatform_cohorts.problems.PROBLEMS")
    config.add_scope("cohorts:read", "See cohorts", ["cohort:view", "cohort:manage"], is_read_only=True)
    config.add_scope("cohorts:write", "Group the students of your courses", ["cohort:manage"])

    cohorts, cohort_item = "courseplatform_cohorts.resources.Cohorts", "courseplatform_cohorts.resources.CohortItem"
    config.add_resource_node("plugins.courses.api.CourseItem", "cohorts", cohorts)
    config.add_resource_node(cohort_item, "deadlines", "courseplatform_cohorts.resources.Deadlines")
    config.add_local_role(cohort_item, "member", "courseplatform_cohorts.roles.is_member")
    config.add_representation(
        "courseplatform_cohorts.models.Cohort",
        "courseplatform_cohorts.representations.cohort_json",
        load="courseplatform_cohorts.representations.load_lesson_ids",
        schema="courseplatform_cohorts.schemas.CohortAnswer",
    )
    config.add_representation(
        "courseplatform_cohorts.models.CohortDeadline",
        "courseplatform_cohorts.representations.deadline_json",
        schema="courseplatform_cohorts.schemas.CohortDeadlineAnswer",
    )

    # What others know of cohorts: whose dates, whose lessons, whose enrollment.
    config.add_deadline_source("cohorts", "courseplatform_cohorts.roles.dates")
    config.add_lesson_filter("cohorts", "courseplatform_cohorts.roles.is_meant_for")
    config.add_extension(
        "plugins.enrollments.api.Enrollment",
        "cohort",
        load="courseplatform_cohorts.extensions.load_cohorts",
        schema="courseplatform_cohorts.extensions.COHORT",
        store="courseplatform_cohorts.extensions.store_cohort",
        answer="courseplatform_cohorts.extensions.COHORT",
    )
    config.add_filter(
        "plugins.enrollments.api.Enrollment",
        "cohort",
        "courseplatform_cohorts.extensions.COHORT_FILTER",
        "courseplatform_cohorts.extensions.in_cohort",
    )

    config.add_refusal("enrollments", "POST", "cohort_full")
    config.add_refusal("my_enrollment", "PUT", "cohort_full")
    config.add_subscriber("courseplatform_cohorts.subscribers.take_a_seat", "plugins.enrollments.api.StudentEnrolled")
    config.add_subscriber("courseplatform_cohorts.subscribers.give_seat_back", "plugins.enrollments.api.StudentLeft")
    config.add_subscriber("courseplatform_cohorts.subscribers.forget_student", "plugins.accounts.api.UserForgotten")
    config.add_export("cohorts", "courseplatform_cohorts.exports.cohorts")
    config.add_jobs("courseplatform_cohorts.jobs")
    config.add_periodic_job("courseplatform_cohorts.jobs.free_abandoned_seats", every_s=86_400)
    config.when_on("plugins.notifications", "courseplatform_cohorts.attachments.notifications")
    config.scan("courseplatform_cohorts.views")
    config.scan("courseplatform_cohorts.deadline_views")
