"""``config.require_verified``: what only people with a verified address may do, where the operator wants that.

    config.require_verified("plugins.reviews.resources.Reviews", "review:write")

With ``accounts.require_verified_email`` on, POST, PUT and PATCH by that permission at nodes of that class answer 403
``email_not_verified`` to whoever has none. Reading and taking back stay open. No statement is spent on it.
"""

from typing import Any

from pyramid.config import PHASE1_CONFIG, Configurator
from pyramid.request import Request
from pyramid.settings import asbool

from courseplatform.api import Forbidden

from .models import User

GATED_METHODS = ("POST", "PUT", "PATCH")


def require_verified(config: Configurator, node_class: Any, *permissions: str) -> None:
    """Let only callers with a verified address write by ``permissions`` at nodes of ``node_class``."""
    node_class = config.maybe_dotted(node_class)

    def register() -> None:
        for permission in permissions:
            config.registry["accounts.verified"].setdefault(str(permission), set()).add(node_class)

    config.action(("require verified", node_class, permissions), register, order=PHASE1_CONFIG)


def verified_view(view: Any, info: Any) -> Any:
    """A view deriver: the gate goes behind security, so that who may not at all is told so, and before validation."""
    if not info.settings["accounts.require_verified_email"]:
        return view
    node_classes = tuple(info.registry["accounts.verified"].get(str(info.options.get("permission")), ()))
    if not node_classes:
        return view

    def gate(context: Any, request: Request) -> Any:
        is_gated = request.method in GATED_METHODS and isinstance(context, node_classes)
        if is_gated and request.identity is not None and not request.identity.is_email_verified:
            raise Forbidden("email_not_verified")
        return view(context, request)

    return gate


verified_view.options = ("permission",)


def is_mailable(request: Request, user: User) -> bool:
    """Whether mail that nobody asked for may go to a user: active, and verified where the operator wants that."""
    is_verified = user.email_verified_at is not None
    return user.is_active and (is_verified or not request.registry.settings["accounts.require_verified_email"])


def includeme(config: Configurator) -> None:
    config.registry["accounts.verified"] = {}
    config.add_setting("accounts.require_verified_email", asbool, default=True, embedded=False)
    config.add_directive("require_verified", require_verified)
    config.add_view_deriver(verified_view, name="verified_view")
