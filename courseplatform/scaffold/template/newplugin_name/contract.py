"""What the platform's contract tests have to know of this plugin. They are in its checkout, ``tests/contracts``."""

from typing import Any

NOTES = "/courses/{course}/newplugin-name/"
NOTE = NOTES + "{newplugin_name_note}/"
FIELDS = {"title": "Rings", "text": ""}

#: Method, address, the statuses for A S E T O C D, body. By hand: what you want, not what the code does.
#: A anonymous, S student, E enrolled in the course, T teacher of another, O its owner, C co-teacher, D administrator.
MATRIX = [
    ("GET", NOTES, "401 200 200 200 200 200 200"),
    ("POST", NOTES, "401 201 201 201 201 201 201", FIELDS),
    ("GET", NOTE, "401 404 200 404 404 404 200"),
    ("PUT", NOTE, "401 404 200 404 404 404 200", FIELDS),
    ("PATCH", NOTE, "401 404 200 404 404 404 200", {"text": "Closed."}),
    ("DELETE", NOTE, "401 404 204 404 404 404 204"),
]

#: A note beneath a course that it is not of.
MISMATCHED = [NOTE.replace("{course}", "{elsewhere}")]

#: Tables that name users, and where an export has them.
EXPORTED = [("newplugin_name_notes", "newplugin_name")]

#: Extensions that say nothing of people: whose, and which.
NAMELESS = [("courses", "newplugin_name")]


def build(world: Any) -> None:
    """Add rows for these addresses; ``world.add`` gives them the names in braces."""
    from .models import Note

    note = Note(
        course_id=world.ids["course"],
        author_id=world.user("E"),
        title="Groups",
        text="",
        created_at=world.request.now,
    )
    world.add("newplugin_name_note", note)
