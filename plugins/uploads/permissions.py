from enum import StrEnum


class P(StrEnum):
    LIST = "upload:list"
    BEGIN = "upload:begin"
    OWN = "upload:own"
