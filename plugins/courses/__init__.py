"""Courses: what is taught, by whom, and whether it can be seen.

Offers: courses, their life (draft, published, archived), co-teachers; the local roles ``owner`` and ``teacher`` at
``CourseItem``; the directive ``add_course_dependent`` for plugins whose rows forbid a course's deletion.
Needs: accounts.
"""

from courseplatform.api import Configurator


def includeme(config: Configurator) -> None:
    config.include("plugins.accounts")
    config.include("plugins.courses.dependents")
    config.add_problems("plugins.courses.problems.PROBLEMS")
    config.add_scope("courses:read", "See courses as you see them", ["course:list", "course:view"], is_read_only=True)
    config.add_scope("courses:write", "Create and change your courses", ["course:create", "course:edit", "course:own"])
    config.add_resource_node("courseplatform.api.Root", "courses", "plugins.courses.resources.Courses")
    config.add_resource_node("plugins.courses.resources.CourseItem", "teachers", "plugins.courses.resources.Teachers")
    config.add_cache_topic("courses", "plugins.courses.models.Course", of="id")
    config.add_local_role("plugins.courses.resources.CourseItem", "owner", "plugins.courses.roles.owns")
    config.add_local_role("plugins.courses.resources.CourseItem", "teacher", "plugins.courses.roles.teaches")
    config.add_representation(
        "plugins.courses.models.Course",
        "plugins.courses.representations.course_json",
        schema="plugins.courses.schemas.CourseAnswer",
    )
    config.add_representation(
        "plugins.courses.models.CourseTeacher",
        "plugins.courses.representations.teacher_json",
        load="plugins.courses.representations.load_cards",
        schema="plugins.courses.schemas.CourseTeacherAnswer",
    )
    config.add_extension(
        "plugins.courses.models.Course",
        "teacher",
        "plugins.courses.representations.load_teachers",
        answer="plugins.accounts.api.UserCardAnswer",
        shared=("people",),
        shared_by=("student",),
    )
    config.add_extension(
        "plugins.courses.models.Course",
        "headline",
        "plugins.courses.representations.load_headlines",
        answer="plugins.courses.schemas.HeadlineAnswer",
        shared=(),
        shared_by=("student",),
    )
    config.add_subscriber("plugins.courses.subscribers.hand_over_courses", "plugins.accounts.events.UserErased")
    config.add_forecast("dependents", "plugins.courses.events.CourseDeleted", "plugins.courses.forecasts.dependents")
    for event in ("UserErased", "UserRoleChanged"):
        config.add_forecast("courses", f"plugins.accounts.api.{event}", "plugins.courses.forecasts.left_courses")
    config.add_export("courses", "plugins.courses.exports.courses")
    config.add_export("co_teaching", "plugins.courses.exports.co_teaching")
    config.scan("plugins.courses.views")
    config.scan("plugins.courses.teacher_views")
