from enum import StrEnum


class P(StrEnum):
    WRITE = "comment:write"
    EDIT = "comment:edit"
    DELETE = "comment:delete"
