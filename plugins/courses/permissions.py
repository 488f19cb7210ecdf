from enum import StrEnum


class P(StrEnum):
    LIST = "course:list"
    CREATE = "course:create"
    VIEW = "course:view"
    EDIT = "course:edit"
    OWN = "course:own"
