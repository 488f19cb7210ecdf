"""Notes that users keep on courses.

Offers: notes beneath a course, each seen by its author only; ``?expand=newplugin_name`` of a course
tells how many the caller has.
Needs: courses, accounts.
"""

from courseplatform.api import Configurator


def includeme(config: Configurator) -> None:
    config.include("plugins.accounts")
    config.include("plugins.courses")
    config.add_migrations("newplugin_name:migrations")
    config.add_problems("newplugin_name.problems.PROBLEMS")
    config.add_scope(
        "newplugin_name",
        "Keep notes for you",
        ["newplugin_name:list", "newplugin_name:edit"],
    )
    config.add_resource_node(
        "plugins.courses.api.CourseItem",
        "newplugin-name",
        "newplugin_name.resources.Notes",
    )
    config.add_representation(
        "newplugin_name.models.Note",
        "newplugin_name.representations.note_json",
        schema="newplugin_name.schemas.NoteAnswer",
    )
    config.add_extension(
        "plugins.courses.api.Course",
        "newplugin_name",
        "newplugin_name.representations.load_counts",
        answer="newplugin_name.schemas.NoteCountAnswer",
    )
    config.add_jobs("newplugin_name.jobs")
    config.add_export("newplugin_name", "newplugin_name.representations.export_notes")
    config.add_subscriber("newplugin_name.operations.forget_user", "plugins.accounts.api.UserForgotten")
    config.scan("newplugin_name.views")
