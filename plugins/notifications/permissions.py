from enum import StrEnum


class P(StrEnum):
    LIST = "notification:list"
    VIEW = "notification:view"
    MARK = "notification:mark"
    ADMINISTER = "notification:administer"
