from enum import StrEnum


class P(StrEnum):
    LIST = "certificate:list"
    VIEW = "certificate:view"
    ISSUE = "certificate:issue"
    EDIT = "certificate:edit"
    VERIFY = "certificate:verify"
