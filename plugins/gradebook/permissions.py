from enum import StrEnum


class P(StrEnum):
    VIEW = "gradebook:view"
