"""What must be kept readable, but by nobody who has the database alone: sealed with ``accounts.token_secret``.

One key for each purpose, and each box is bound to what it is kept for: put into another row it does not open.
"""

import os

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from courseplatform.api import Request

NONCE_BYTES = 12


class Box:
    """AES-GCM under one key. A box is its nonce and what is in it."""

    def __init__(self, key: bytes) -> None:
        self.cipher = AESGCM(key)

    def close(self, content: bytes, bound_to: str) -> bytes:
        nonce = os.urandom(NONCE_BYTES)
        return nonce + self.cipher.encrypt(nonce, content, bound_to.encode())

    def open(self, box: bytes, bound_to: str) -> bytes | None:
        """None for what was closed under another key or for something else, or was changed since."""
        try:
            return self.cipher.decrypt(box[:NONCE_BYTES], box[NONCE_BYTES:], bound_to.encode())
        except (InvalidTag, ValueError):
            return None


def derived(secret: str, purpose: str) -> bytes:
    """32 bytes from the secret, for one purpose (HKDF, RFC 5869)."""
    info = f"courseplatform {purpose}".encode()
    return HKDF(hashes.SHA256(), length=32, salt=None, info=info).derive(secret.encode())


def seal(request: Request, content: bytes, *, purpose: str, bound_to: str) -> bytes:
    """Close up a secret of a plugin. ``purpose``: whose; ``bound_to``: of which row."""
    return box_for(request, purpose).close(content, bound_to)


def unseal(request: Request, box: bytes, *, purpose: str, bound_to: str) -> bytes | None:
    """What was sealed so; None if it was not, or if ``accounts.token_secret`` is another one now."""
    return box_for(request, purpose).open(box, bound_to)


def box_for(request: Request, purpose: str) -> Box:
    return Box(derived(request.registry.settings["accounts.token_secret"], purpose))
