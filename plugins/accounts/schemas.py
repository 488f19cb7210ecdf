"""What accounts take in and give out."""

from zoneinfo import ZoneInfo

import colander

from courseplatform.api import (
    Answer,
    AnyText,
    Body,
    Choice,
    Flag,
    Id,
    ItemQuery,
    Listing,
    ListQuery,
    Moment,
    Query,
    Text,
    Whole,
    drop,
    field,
)

from .models import ROLES
from .passwords import MAX_CHARS, MIN_CHARS

EMAIL_PATTERN = r"^[^@\s,:;<>()\[\]\\\"]+@[^@\s,:;<>()\[\]\\\"]+\.[^@\s,:;<>()\[\]\\\".]+\Z"
MAX_EMAIL_CHARS = 254


def is_time_zone(node: colander.SchemaNode, value: str) -> None:
    try:
        ZoneInfo(value)
    except (ValueError, OSError, KeyError) as error:
        raise colander.Invalid(node, "must be an IANA time zone") from error


def username() -> colander.SchemaNode:
    pattern = colander.Regex(r"^[A-Za-z0-9][A-Za-z0-9_.-]*\Z", "may have letters, digits, '.', '_' and '-'")
    return field(Text(50, min_chars=3), validator=pattern, example="ada")


def email() -> colander.SchemaNode:
    pattern = colander.Regex(EMAIL_PATTERN, "must be an e-mail address")
    return field(Text(MAX_EMAIL_CHARS, min_chars=3), validator=pattern, example="ada@example.org")


class Registration(Body):
    username = username()
    email = email()
    password = field(Text(MAX_CHARS, MIN_CHARS, is_trimmed=False), example="correct horse battery staple")
    first_name = field(Text(100), missing="", example="Ada")
    last_name = field(Text(100), missing="", example="Lovelace")


class Credentials(Body):
    username = field(Text(254, min_chars=1), description="Username or e-mail address.", example="ada")
    password = field(Text(MAX_CHARS, min_chars=1, is_trimmed=False), example="correct horse battery staple")


class Refresh(Body):
    refresh_token = field(Text(200, min_chars=1))


class Token(Body):
    token = field(Text(200, min_chars=1), description="From the link in the mail.")


class PasswordReset(Body):
    email = email()


class NewPassword(Token):
    password = field(Text(MAX_CHARS, MIN_CHARS, is_trimmed=False), example="correct horse battery staple")


class PasswordChange(Body):
    current_password = field(Text(MAX_CHARS, min_chars=1, is_trimmed=False), example="correct horse battery staple")
    new_password = field(Text(MAX_CHARS, MIN_CHARS, is_trimmed=False), example="correct horse battery staple")


class Link(ItemQuery):
    token = field(Text(200), missing="", description="What the link carries. It is not looked at.")


class UserBody(Body):
    username = username()
    email = email()
    first_name = field(Text(100), missing="", example="Ada")
    last_name = field(Text(100), missing="", example="Lovelace")
    locale = field(Choice("en", "ru"), missing="en")
    timezone = field(Text(60), missing="UTC", example="Europe/Berlin", validator=is_time_zone)
    role = field(Choice(*ROLES), missing=drop, description="Administrators only, and never the own one.")
    is_active = field(Flag(), missing=drop, description="Administrators only, and never the own one.")


class UserList(ListQuery):
    role = field(Choice(*ROLES), missing=None)
    is_active = field(Flag(is_text=True), missing=None)
    search = field(Text(100), missing="", description="Start of a username or e-mail address.")
    ordering = field(Choice("created_at", "-created_at"), missing="-created_at")


class Erasure(Query):
    transfer_to = field(Id(), missing=None, description="The teacher who takes over the courses.")


class PublicNameAnswer(Answer):
    """What everyone may know of a teacher or a reviewer."""

    id = field(Id())
    first_name = field(AnyText())
    last_name = field(AnyText())


class UserCardAnswer(PublicNameAnswer):
    """What everyone signed in may know of a user; to anonymous callers names only."""

    username = field(AnyText(), missing=drop)
    role = field(Choice(*ROLES), missing=drop)


class UserAnswer(UserCardAnswer):
    """Everything to the user and to administrators, a card to others. A program sees what its scopes open."""

    email = field(AnyText(), missing=drop)
    pending_email = field(AnyText(), missing=drop, nullable=True, description="A new address, not yet confirmed.")
    locale = field(Choice("en", "ru"), missing=drop)
    timezone = field(AnyText(), missing=drop)
    created_at = field(Moment(), missing=drop)
    email_verified_at = field(Moment(), missing=drop, nullable=True)
    is_active = field(Flag(), missing=drop)


class TokenPairAnswer(Answer):
    access_token = field(AnyText())
    refresh_token = field(AnyText())
    token_type = field(Choice("Bearer"))
    expires_in = field(Whole(), description="Seconds.")


class SessionAnswer(Answer):
    id = field(Id())
    created_at = field(Moment())
    last_used_at = field(Moment(), description="When it gave out tokens last.")
    expires_at = field(Moment())
    is_current = field(Flag())
    user_agent = field(AnyText())
    address = field(AnyText())


class LinkAnswer(Answer):
    """How to use the token of a mailed link."""

    method = field(Choice("POST"))
    path = field(AnyText())
    fields = field(Listing(), field(AnyText(), name="field"))


class AcceptedAnswer(Answer):
    """Nothing: what was asked for happens in the background."""
