"""The gradebook: who has which grade in a course, a page as JSON or all of it as CSV.

Offers: the gradebook beneath a course, for its staff.
Needs: submissions, assignments, lessons, enrollments, courses, accounts.
"""

from pyramid.config import Configurator


def includeme(config: Configurator) -> None:
    config.include("plugins.submissions")
    config.add_scope("submissions:read", permissions=["gradebook:view"])
    config.add_resource_node("plugins.courses.api.CourseItem", "gradebook", "plugins.gradebook.resources.Gradebook")
    config.add_representation(
        "plugins.gradebook.models.GradedStudent",
        "plugins.gradebook.representations.student_json",
        load="plugins.gradebook.representations.load_grades",
        schema="plugins.gradebook.schemas.StudentGradesAnswer",
    )
    config.scan("plugins.gradebook.views")
