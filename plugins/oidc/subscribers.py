"""Reactions of signing in with a provider."""

from plugins.accounts.api import UserForgotten

from .operations import forget_user


def forget_identities(event: UserForgotten) -> None:
    """Whoever comes again with the same identity is a stranger."""
    forget_user(event.request, event.user_id)
