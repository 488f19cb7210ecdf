"""Lessons: the ordered parts of a course, and who has completed them.

Offers: lessons, their order and materials; a student's completions, which count for the course's progress; the
directive ``add_lesson_filter`` for plugins that keep lessons from some students.
Needs: enrollments, courses.
"""

from courseplatform.api import Configurator


def includeme(config: Configurator) -> None:
    config.include("plugins.courses")
    config.include("plugins.enrollments")
    config.include("plugins.lessons.filters")
    lessons, lesson_item = "plugins.lessons.resources.Lessons", "plugins.lessons.resources.LessonItem"
    config.add_problems("plugins.lessons.problems.PROBLEMS")
    config.add_scope("courses:read", permissions=["lesson:list", "lesson:view", "lesson:read"])
    config.add_scope("enrollments:read", permissions=["lesson:complete"])
    config.add_scope("enrollments:write", permissions=["lesson:complete"])
    config.add_resource_node("plugins.courses.resources.CourseItem", "lessons", lessons)
    config.add_resource_node(lessons, "order", "plugins.lessons.resources.LessonOrder")
    config.add_resource_node(lesson_item, "completion", "plugins.lessons.resources.Completion")
    config.add_cache_topic("lessons", "plugins.lessons.models.Lesson", of="course_id")
    config.add_representation(
        "plugins.lessons.models.Lesson",
        "plugins.lessons.representations.lesson_json",
        load="plugins.lessons.representations.load_readable",
        schema="plugins.lessons.schemas.LessonAnswer",
    )
    config.add_extension(
        "plugins.lessons.models.Lesson",
        "headline",
        "plugins.lessons.representations.load_headlines",
        answer="plugins.courses.api.HeadlineAnswer",
        shared=(),
    )
    config.add_progress_source(
        "lessons", total="plugins.lessons.operations.count_required", done="plugins.lessons.operations.count_completed"
    )
    config.add_subscriber("plugins.lessons.subscribers.refuse_empty_course", "plugins.courses.events.CoursePublished")
    config.add_export("completions", "plugins.lessons.exports.completions")
    config.scan("plugins.lessons.views")
    config.scan("plugins.lessons.completion_views")
