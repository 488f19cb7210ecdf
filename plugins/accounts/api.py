"""What other plugins may import from accounts."""

from . import multibase
from .did import did_of, platform_did, verification_method
from .events import PasswordChanged, SessionsEnded, UserErased, UserForgotten, UserRoleChanged
from .external import is_email, register_external
from .keys import LASTING_ALGORITHM, OpenKey, jwks, lasting_key, sign_jwt
from .models import SignInSession, User
from .operations import find_active_users, find_by_login, get_active_user, register
from .published import (
    PublishedKeys,
    Unreadable,
    Unverifiable,
    fetch,
    keys_address,
    plain,
    read,
    read_jws,
    read_keys,
    read_object,
    verdict,
    verify_jws,
)
from .representations import cards_of, user_card, user_cards
from .resources import Me, Users
from .schemas import TokenPairAnswer, UserCardAnswer
from .sealing import seal, unseal
from .sessions import open_session, user_of_session
from .verification import is_mailable

__all__ = [
    "LASTING_ALGORITHM",
    "Me",
    "OpenKey",
    "PasswordChanged",
    "PublishedKeys",
    "SessionsEnded",
    "SignInSession",
    "TokenPairAnswer",
    "Unreadable",
    "Unverifiable",
    "User",
    "UserCardAnswer",
    "UserErased",
    "UserForgotten",
    "UserRoleChanged",
    "Users",
    "cards_of",
    "did_of",
    "fetch",
    "find_active_users",
    "find_by_login",
    "get_active_user",
    "is_email",
    "is_mailable",
    "jwks",
    "keys_address",
    "lasting_key",
    "multibase",
    "open_session",
    "plain",
    "platform_did",
    "read",
    "read_jws",
    "read_keys",
    "read_object",
    "register",
    "register_external",
    "seal",
    "sign_jwt",
    "unseal",
    "user_card",
    "user_cards",
    "user_of_session",
    "verdict",
    "verification_method",
    "verify_jws",
]
