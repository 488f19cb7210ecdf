from enum import StrEnum


class P(StrEnum):
    ENROL_SELF = "enrollment:enrol_self"
    ROSTER = "enrollment:roster"
    VIEW_OWN = "enrollment:view_own"
