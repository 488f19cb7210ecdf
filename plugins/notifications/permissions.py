from enum import StrEnum


class P(StrEnum):
    LIST = "notification:list"
    VIEW = "notification:view"
    MARK = "notification:mark"
    MARK_ALL = "notification:mark_all"
    ADMINISTER = "notification:administer"
