from enum import StrEnum


class P(StrEnum):
    LIST = "user:list"
    VIEW = "user:view"
    EDIT = "user:edit"
    ADMINISTER = "user:administer"
    ERASE = "user:erase"
    SIGNED_IN = "session:use"
