"""What signing in with a provider takes in and gives out."""

from typing import Any

import colander

from courseplatform.api import Answer, AnyText, Flag, Id, Moment, Query, Text, Url, field


class LoginQuery(Query):
    redirect_uri = field(Url(), missing=None, description="Where the provider sends the browser back to; from a list.")
    link = field(Flag(is_text=True), missing=False, description="Link an identity with the account signed in.")


class Lenient(Query.schema_type):
    """Overlooks unknown keys."""

    def deserialize(self, node: Any, cstruct: Any) -> Any:
        if isinstance(cstruct, dict):
            cstruct = {child.name: cstruct[child.name] for child in node.children if child.name in cstruct}
        return super().deserialize(node, cstruct)


class CallbackQuery(colander.MappingSchema):
    """A provider's answer. What it says besides is overlooked (RFC 6749, 4.1.2)."""

    schema_type = Lenient

    state = field(Text(200, min_chars=1))
    code = field(Text(4000, min_chars=1), missing=None)
    error = field(Text(200), missing=None)
    iss = field(Text(2000), missing=None)


class IdentityAnswer(Answer):
    id = field(Id())
    provider = field(AnyText())
    issuer = field(AnyText())
    subject = field(AnyText())
    email = field(AnyText(), nullable=True)
    created_at = field(Moment())
    last_used_at = field(Moment())


class LoginAnswer(Answer):
    authorization_url = field(AnyText())
