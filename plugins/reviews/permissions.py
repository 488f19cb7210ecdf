from enum import StrEnum


class P(StrEnum):
    LIST = "review:list"
    WRITE = "review:write"
    EDIT = "review:edit"
