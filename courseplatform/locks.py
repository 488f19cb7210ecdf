"""Locks of PostgreSQL: advisory ones by name, since of those who choose a number each two choose the same one day; and
whether somebody has waited too long for one.
"""

import hashlib

from psycopg2.errors import LockNotAvailable
from sqlalchemy.exc import DBAPIError


def is_lock_timeout(error: DBAPIError) -> bool:
    return isinstance(error.orig, LockNotAvailable)


def lock_number(name: str) -> int:
    """What ``pg_advisory_xact_lock`` and its like take, for a name: ``accounts.admins``."""
    return int.from_bytes(hashlib.blake2b(name.encode(), digest_size=8).digest(), signed=True)
