"""What ends in accounts ends here."""

from plugins.accounts.api import SessionsEnded, UserForgotten

from . import registry


def end_tokens(event: SessionsEnded) -> None:
    """A new password, or the end of the account's activity, ends what programs hold too."""
    registry.end_tokens(event.request, event.user_id)


def forget_user(event: UserForgotten) -> None:
    registry.forget_user(event.request, event.user_id)
