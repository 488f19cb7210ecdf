"""Assignments: what students are asked to hand in, until when, and for how many points.

Offers: assignments beneath lessons, their deadlines; the directive ``add_deadline_source`` for plugins that give
some students other dates; events when one is published, moves its dates, is due soon,
changes its points or is about to go.
Needs: lessons, enrollments (progress), courses.
"""

from courseplatform.api import Configurator


def includeme(config: Configurator) -> None:
    config.include("plugins.lessons")
    config.include("plugins.enrollments")
    config.include("plugins.assignments.deadlines")
    config.add_problems("plugins.assignments.problems.PROBLEMS")
    config.add_scope("courses:read", permissions=["assignment:view", "assignment:read"])
    config.add_resource_node(
        "plugins.lessons.api.LessonItem", "assignments", "plugins.assignments.resources.Assignments"
    )
    config.add_representation(
        "plugins.assignments.models.Assignment",
        "plugins.assignments.representations.assignment_json",
        load="plugins.assignments.deadlines.load_deadlines",
        schema="plugins.assignments.schemas.AssignmentAnswer",
    )
    config.add_jobs("plugins.assignments.jobs")
    config.add_periodic_job("plugins.assignments.jobs.announce_due_soon", every_s=600)
    config.scan("plugins.assignments.views")
