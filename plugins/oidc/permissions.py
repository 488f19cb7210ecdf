from enum import StrEnum


class P(StrEnum):
    LINK = "identity:link"
    LIST = "identity:list"
    VIEW = "identity:view"
    UNLINK = "identity:unlink"
