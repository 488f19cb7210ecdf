"""Users that are signed in."""

from plugins.accounts.testing import PASSWORD, Actor, make_user

__all__ = ["PASSWORD", "Actor", "make_user"]
