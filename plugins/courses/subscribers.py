"""Reactions of courses."""

from plugins.accounts.api import UserErased

from .operations import hand_over


def hand_over_courses(event: UserErased) -> None:
    """A user who owns courses can't go before someone else owns them."""
    hand_over(event.request, from_user_id=event.user_id, to_user_id=event.transfer_to_id, by_user_id=event.by_user_id)
