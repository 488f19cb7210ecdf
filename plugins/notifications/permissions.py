from enum import StrEnum


class P(StrEnum):
    LIST = "notification:list"
    VIEW = "notification:view"
    MARK = "notification:mark"
    MARK_ALL = "notification:mark_all"
    PREFER = "notification:prefer"
    ADMINISTER = "notification:administer"
