"""What OAuth takes in and gives out."""

import re

import colander

from courseplatform.api import Answer, AnyText, Body, Choice, Flag, Id, Listing, Moment, Query, Text, Whole, drop, field

from . import redirects
from .models import GRANT_TYPES

MAX_PARAMETER_CHARS = 2_000
#: Sent back as it came: what RFC 6749 lets a state be (appendix A.5).
VISIBLE = re.compile(r"[\x20-\x7e]*")


class Parameters(Query.schema_type):
    """A protocol's parameters: unknown ones are ignored (RFC 6749, 3.1)."""

    ignores_unknown = True


def is_visible(node: colander.SchemaNode, value: str) -> None:
    if not VISIBLE.fullmatch(value):
        raise colander.Invalid(node, "must be printable ASCII")


def parameter() -> colander.SchemaNode:
    return field(Text(MAX_PARAMETER_CHARS, is_trimmed=False), missing=drop, validator=is_visible)


class AuthorizationQuery(Query):
    """RFC 6749, 4.1.1; RFC 7636, 4.3; OpenID Connect Core, 3.1.2.1."""

    schema_type = Parameters

    response_type = parameter()
    client_id = parameter()
    redirect_uri = parameter()
    scope = parameter()
    state = parameter()
    nonce = parameter()
    code_challenge = parameter()
    code_challenge_method = parameter()
    prompt = parameter()


class ConsentDecision(Body):
    """The parameters of the GET, and what the user decided."""

    schema_type = Parameters

    response_type = parameter()
    client_id = parameter()
    redirect_uri = parameter()
    scope = parameter()
    state = parameter()
    nonce = parameter()
    code_challenge = parameter()
    code_challenge_method = parameter()
    decision = field(Choice("allow", "deny"))


def is_redirect_uri(node: colander.SchemaNode, value: str) -> None:
    fault = redirects.fault(value)
    if fault:
        raise colander.Invalid(node, fault)


def scopes() -> colander.SchemaNode:
    return field(Listing(50), colander.SchemaNode(Text(60, min_chars=1), name="scope"))


def redirect_uri() -> colander.SchemaNode:
    example = "https://app.example.org/callback"
    return field(Text(redirects.MAX_CHARS), name="redirect_uri", validator=is_redirect_uri, example=example)


class ApplicationBody(Body):
    name = field(Text(100, min_chars=1))
    redirect_uris = field(Listing(20), redirect_uri(), missing=[])
    scopes = scopes()
    grant_types = field(
        Listing(3), colander.SchemaNode(Choice(*GRANT_TYPES), name="grant_type"),
        missing=["authorization_code", "refresh_token"],
    )  # fmt: skip


class NewApplication(ApplicationBody):
    is_confidential = field(
        Flag(), missing=True, description="Whether it can keep a secret: a server can, an app can't."
    )


class NewToken(Body):
    name = field(Text(100, min_chars=1))
    scopes = scopes()
    expires_at = field(Moment(), description="At most a year from now.")


class ClientForm(Body):
    """How a client says who it is; in a form, or by HTTP Basic."""

    client_id = parameter()
    client_secret = parameter()


class TokenForm(ClientForm):
    """RFC 6749, 4.1.3, 4.4.2 and 6; RFC 7636, 4.5."""

    grant_type = field(Choice(*GRANT_TYPES))
    code = parameter()
    redirect_uri = parameter()
    code_verifier = parameter()
    refresh_token = parameter()
    scope = parameter()


class TokenAndClientForm(ClientForm):
    token = field(Text(MAX_PARAMETER_CHARS))
    token_type_hint = parameter()


class IssuedTokensAnswer(Answer):
    """RFC 6749, 5.1."""

    access_token = field(AnyText())
    token_type = field(Choice("Bearer"))
    expires_in = field(Whole(), description="Seconds.")
    scope = field(AnyText(), missing=drop)
    refresh_token = field(AnyText(), missing=drop)
    id_token = field(AnyText(), missing=drop)


class IntrospectionAnswer(Answer):
    """RFC 7662, 2.2; of a token that is worth nothing, ``active`` alone."""

    active = field(Flag())
    iss = field(AnyText(), missing=drop)
    client_id = field(Id(), missing=drop)
    scope = field(AnyText(), missing=drop)
    token_type = field(AnyText(), missing=drop)
    iat = field(Whole(), missing=drop, description="Seconds since 1970.")
    exp = field(Whole(), missing=drop, description="Seconds since 1970.")
    sub = field(Id(), missing=drop)
    username = field(AnyText(), missing=drop)


class OAuthErrorAnswer(Answer):
    """RFC 6749, 5.2."""

    error = field(AnyText())
    error_description = field(AnyText(), missing=drop)


class ScopeAnswer(Answer):
    name = field(AnyText())
    description = field(AnyText())


class ScopeListAnswer(Answer):
    scopes = field(Listing(), ScopeAnswer(name="scope"))


class ApplicationNameAnswer(Answer):
    client_id = field(Id())
    name = field(AnyText())


class ApplicationAnswer(Answer):
    id = field(Id())
    client_id = field(Id())
    name = field(AnyText())
    redirect_uris = field(Listing(), field(AnyText(), name="redirect_uri"))
    grant_types = field(Listing(), field(Choice(*GRANT_TYPES), name="grant_type"))
    scopes = field(Listing(), field(AnyText(), name="scope"))
    is_confidential = field(Flag())
    created_at = field(Moment())


class ApplicationWithSecretAnswer(ApplicationAnswer):
    client_secret = field(AnyText(), nullable=True, description="Shown this once; null for a public client.")


class ConsentAnswer(Answer):
    id = field(Id())
    client = ApplicationNameAnswer()
    scopes = field(Listing(), ScopeAnswer(name="scope"))
    created_at = field(Moment())


class PersonalTokenAnswer(Answer):
    id = field(Id())
    name = field(AnyText())
    scopes = field(Listing(), field(AnyText(), name="scope"))
    created_at = field(Moment())
    expires_at = field(Moment())
    last_used_at = field(Moment(), nullable=True)


class NewPersonalTokenAnswer(PersonalTokenAnswer):
    token = field(AnyText(), description="Shown this once.")


class AuthorizationAnswer(Answer):
    """Who asks for what; or, instead, where to send the browser."""

    client = ApplicationNameAnswer(missing=drop)
    scopes = field(Listing(), ScopeAnswer(name="scope"), missing=drop)
    is_consented = field(Flag(), missing=drop)
    redirect_to = field(AnyText(), missing=drop)


class RedirectAnswer(Answer):
    redirect_to = field(AnyText())


class ClaimsAnswer(Answer):
    """OpenID Connect Core, 5.1."""

    sub = field(Id())
    name = field(AnyText(), missing=drop)
    given_name = field(AnyText(), missing=drop)
    family_name = field(AnyText(), missing=drop)
    preferred_username = field(AnyText(), missing=drop)
    locale = field(AnyText(), missing=drop)
    zoneinfo = field(AnyText(), missing=drop)
    email = field(AnyText(), missing=drop)
    email_verified = field(Flag(), missing=drop)
