"""What OAuth takes in."""

import re
from typing import Any

import colander

from courseplatform.api import Body, Choice, Flag, Listing, Moment, Query, Text, drop, field

from . import redirects
from .models import GRANT_TYPES

MAX_PARAMETER_CHARS = 2_000
#: Sent back as it came: what RFC 6749 lets a state be (appendix A.5).
VISIBLE = re.compile(r"[\x20-\x7e]*")


class Parameters(Query.schema_type):
    """A protocol's parameters: unknown ones are ignored (RFC 6749, 3.1)."""

    def deserialize(self, node: Any, cstruct: Any) -> Any:
        known = {child.name for child in node.children}
        if isinstance(cstruct, dict):
            cstruct = {name: value for name, value in cstruct.items() if name in known}
        return super().deserialize(node, cstruct)


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


class Decision(Body):
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


class ClientBody(Body):
    name = field(Text(100, min_chars=1))
    redirect_uris = field(
        Listing(20), colander.SchemaNode(Text(redirects.MAX_CHARS), name="redirect_uri", validator=is_redirect_uri),
        missing=[],
    )  # fmt: skip
    scopes = scopes()
    grant_types = field(
        Listing(3), colander.SchemaNode(Choice(*GRANT_TYPES), name="grant_type"),
        missing=["authorization_code", "refresh_token"],
    )  # fmt: skip


class NewClient(ClientBody):
    is_confidential = field(
        Flag(), missing=True, description="Whether it can keep a secret: a server can, an app can't."
    )


class NewToken(Body):
    name = field(Text(100, min_chars=1))
    scopes = scopes()
    expires_at = field(Moment(), description="At most a year from now.")
