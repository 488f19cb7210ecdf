"""``config.require_verified``: what only people with a verified address may do, where the operator wants that.

    config.require_verified("plugins.reviews.resources.Reviews", "review:write")

With ``accounts.require_verified_email`` on, POST, PUT and PATCH by that permission at nodes of that class answer 403
``email_not_verified`` to whoever has none. Reading and taking back stay open. No statement is spent on it.
"""

from typing import Any

from pyramid.request import Request
from pyramid.settings import asbool

from courseplatform.api import Configurator

from .models import User

GATED_METHODS = ("POST", "PUT", "PATCH")


def require_verified(config: Configurator, node_class: Any, *permissions: str) -> None:
    """Let only callers with a verified address write by ``permissions`` at nodes of ``node_class``."""
    config.add_restriction(
        node_class,
        permissions,
        allows=is_verified,
        methods=GATED_METHODS,
        code="email_not_verified",
        spares_admins=False,
    )


def is_verified(request: Request) -> bool:
    """Whether the operator, or the caller's own address, lets them take part."""
    if not request.registry.settings["accounts.require_verified_email"] or request.identity is None:
        return True
    return bool(request.identity.is_email_verified)


def is_mailable(request: Request, user: User) -> bool:
    """Whether mail that nobody asked for may go to a user: active, and verified where the operator wants that."""
    is_verified = user.email_verified_at is not None
    return user.is_active and (is_verified or not request.registry.settings["accounts.require_verified_email"])


def includeme(config: Configurator) -> None:
    config.add_setting("accounts.require_verified_email", asbool, default=True, embedded=False)
    config.add_directive("require_verified", require_verified)
