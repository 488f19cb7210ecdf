"""Reactions of uploads."""

from plugins.accounts.api import UserForgotten

from .operations import forget_user


def forget_uploads(event: UserForgotten) -> None:
    forget_user(event.request, event.user_id)
