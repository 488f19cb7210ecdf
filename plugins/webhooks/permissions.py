from enum import StrEnum


class P(StrEnum):
    READ_EVENTS = "event:list"
    LIST = "webhook:list"
    CREATE = "webhook:create"
    OWN = "webhook:own"
