from enum import StrEnum


class P(StrEnum):
    VIEW = "cohort:view"
    MANAGE = "cohort:manage"
