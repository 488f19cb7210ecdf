from enum import StrEnum


class P(StrEnum):
    LIST = "submission:list"
    LIST_ALL = "submission:list_all"
    SUBMIT = "submission:submit"
    VIEW = "submission:view"
    EDIT = "submission:edit"
    GRADE = "submission:grade"
