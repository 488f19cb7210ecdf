"""Passwords: argon2id, few at a time.

A hash takes much memory on purpose, so that only ``accounts.max_concurrent_hashes`` run at once; who waits longer than
two seconds is told 503.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from courseplatform.api import Configurator, Invalid, Unavailable

MAX_WAIT_S = 2.0
MIN_CHARS, MAX_CHARS = 10, 128
#: Shorter names occur in any password by chance.
MIN_NAME_CHARS = 3


class Passwords:
    def __init__(self, memory_kib: int, rounds: int, max_concurrent: int) -> None:
        self.hasher = PasswordHasher(time_cost=rounds, memory_cost=memory_kib, parallelism=1)
        self.slots = threading.BoundedSemaphore(max_concurrent)
        # What an unknown account is checked against: as slow as a real one.
        self.nobody = self.hasher.hash("nobody has this password")

    @contextmanager
    def slot(self) -> Iterator[None]:
        if not self.slots.acquire(timeout=MAX_WAIT_S):
            raise Unavailable()
        try:
            yield
        finally:
            self.slots.release()

    def hash(self, password: str) -> str:
        """Raises: Unavailable."""
        with self.slot():
            return self.hasher.hash(password)

    def matches(self, password_hash: str | None, password: str) -> bool:
        """Whether the password is right; takes as long when there is no hash. Raises: Unavailable."""
        with self.slot():
            try:
                return self.hasher.verify(password_hash or self.nobody, password) and password_hash is not None
            except (VerificationError, InvalidHashError):
                return False


@cache
def common_passwords() -> frozenset[str]:
    """Some 30,000 passwords that attackers try first."""
    from zxcvbn.frequency_lists import FREQUENCY_LISTS

    return frozenset(FREQUENCY_LISTS["passwords"])


def check_strength(password: str, *, username: str, email: str, field: str = "password") -> None:
    """Raises: Invalid, at ``field``, for a common password or one of a repeated piece or the account's own names."""
    lowered = password.lower()
    is_repeated = lowered in (lowered + lowered)[1:-1]
    bare = lowered.strip("0123456789!?.*-_ ")
    if is_repeated or lowered in common_passwords() or bare in common_passwords():
        raise Invalid.field(field, "is too common")
    names = (username.lower(), email.partition("@")[0].lower())
    if any(len(name) >= MIN_NAME_CHARS and name in lowered for name in names):
        raise Invalid.field(field, "must not contain the username or e-mail address")


def includeme(config: Configurator) -> None:
    def make() -> None:
        settings = config.registry.settings
        config.registry["accounts.passwords"] = Passwords(
            settings["accounts.argon2_memory_kib"],
            settings["accounts.argon2_rounds"],
            settings["accounts.max_concurrent_hashes"],
        )

    config.action("passwords", make)
