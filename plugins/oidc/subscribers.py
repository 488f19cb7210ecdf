"""Reactions of signing in with a provider."""

from plugins.accounts.api import UserErased

from .operations import forget_user


def forget_identities(event: UserErased) -> None:
    """Whoever comes again with the same identity is a stranger."""
    forget_user(event.request, event.user_id)
