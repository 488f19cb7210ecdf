from enum import StrEnum


class P(StrEnum):
    LIST = "user:list"
    VIEW = "user:view"
    EDIT = "user:edit"
    ADMINISTER = "user:administer"
    ERASE = "user:erase"
    EXPORT = "user:export"
    SIGNED_IN = "session:use"
    LIST_SESSIONS = "session:list"
    MANAGE_SESSION = "session:manage"
