"""``/auth/oauth/{provider}`` and ``/users/me/identities``."""

from typing import Any

from courseplatform.api import Allow, Authenticated, Collection, Deny, Everyone, Item, Node, user_principal

from .models import ExternalIdentity
from .permissions import P


class ProviderNode(Node):
    """``/auth/oauth/{provider}``: one that the settings name."""

    __acl__ = [(Allow, Authenticated, P.LINK)]

    @property
    def provider(self) -> Any:
        return self.request.registry["oidc.providers"][self.__name__]


class Providers(Node):
    """``/auth/oauth``"""

    def __getitem__(self, segment: str) -> Node:
        if segment not in self.request.registry["oidc.providers"]:
            raise KeyError(segment)
        return ProviderNode(self.request, segment, self)


class IdentityItem(Item):
    """``/users/me/identities/{identity_id}``: its user's alone, also to administrators."""

    model, kind, view_permission = ExternalIdentity, "identity", P.VIEW

    @property
    def __acl__(self) -> Any:
        return [(Allow, user_principal(self.row.user_id), (P.VIEW, P.UNLINK)), (Deny, Everyone, (P.VIEW, P.UNLINK))]


class Identities(Collection):
    """``/users/me/identities``: the caller's own."""

    item = IdentityItem
    __acl__ = [(Allow, Authenticated, P.LIST)]
