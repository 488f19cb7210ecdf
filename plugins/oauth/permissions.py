from enum import StrEnum


class P(StrEnum):
    AUTHORIZE = "oauth:authorize"
    USERINFO = "oauth:userinfo"
    ADMINISTER = "oauth:administer"
    CONSENTS = "consent:list"
    CONSENT = "consent:own"
    TOKENS = "personal_token:list"
    TOKEN = "personal_token:own"  # noqa: S105 - a name
