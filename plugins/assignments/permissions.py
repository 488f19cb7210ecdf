from enum import StrEnum

#: Whoever edits a course edits its assignments.
EDIT_COURSE = "course:edit"


class P(StrEnum):
    VIEW = "assignment:view"
    READ = "assignment:read"
