from enum import StrEnum


class P(StrEnum):
    EDIT = "comment:edit"
    DELETE = "comment:delete"
