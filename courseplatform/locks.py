"""Advisory locks of PostgreSQL, by name: of those who choose a number each, two choose the same one day."""

import hashlib


def lock_number(name: str) -> int:
    """What ``pg_advisory_xact_lock`` and its like take, for a name: ``accounts.admins``."""
    return int.from_bytes(hashlib.blake2b(name.encode(), digest_size=8).digest(), signed=True)
