from enum import StrEnum


class P(StrEnum):
    VIEW = "assignment:view"
    READ = "assignment:read"
