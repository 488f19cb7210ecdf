from enum import StrEnum


class P(StrEnum):
    LIST = "lesson:list"
    VIEW = "lesson:view"
    READ = "lesson:read"
    COMPLETE = "lesson:complete"
    WRITE = "course:edit"  # held at the course: who edits it edits its lessons
