"""``/oauth``, and ``/users/me/tokens``."""

from typing import Any

from courseplatform.api import Allow, Authenticated, Collection, Deny, Everyone, Item, Node, user_principal

from .models import OAuthClient, OAuthConsent, PersonalToken
from .permissions import P


class OAuth(Node):
    """``/oauth``"""

    __acl__ = [(Allow, Authenticated, (P.AUTHORIZE, P.USERINFO))]


class ClientItem(Item):
    """``/oauth/clients/{client_id}``: for administrators."""

    model, kind = OAuthClient, "oauth_client"


class Clients(Collection):
    """``/oauth/clients``: for administrators."""

    item = ClientItem


class OwnItem(Item):
    """A row that exists for its user alone, not even for administrators."""

    @property
    def __acl__(self) -> Any:
        return [(Allow, user_principal(self.row.user_id), self.view_permission), (Deny, Everyone, self.view_permission)]


class ConsentItem(OwnItem):
    """``/oauth/consents/{consent_id}``"""

    model, kind, view_permission = OAuthConsent, "oauth_consent", P.CONSENT


class Consents(Collection):
    """``/oauth/consents``: the caller's own."""

    item = ConsentItem
    __acl__ = [(Allow, Authenticated, P.CONSENTS)]


class TokenItem(OwnItem):
    """``/users/me/tokens/{token_id}``"""

    model, kind, view_permission = PersonalToken, "personal_token", P.TOKEN


class Tokens(Collection):
    """``/users/me/tokens``: the caller's own."""

    item = TokenItem
    __acl__ = [(Allow, Authenticated, P.TOKENS)]
