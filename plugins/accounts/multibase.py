"""Multibase (W3C Controlled Identifiers 1.0, 2.4): bytes as text that says its own base."""

import base64
import re

#: base58btc: no 0, I, O or l.
ALPHABET = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
BASE64URL = re.compile(r"u[\w-]+", re.ASCII)


def to_base58(data: bytes) -> str:
    """``z…``; a leading zero byte is a leading ``1``."""
    number, digits = int.from_bytes(data, "big"), ""
    while number:
        number, digit = divmod(number, len(ALPHABET))
        digits = ALPHABET[digit] + digits
    return "z" + "1" * (len(data) - len(data.lstrip(b"\0"))) + digits


def from_base58(text: str, size_bytes: int) -> bytes:
    """Raises: ValueError unless it is base58btc of exactly ``size_bytes``."""
    if text[:1] != "z" or len(text) > 2 * size_bytes + 1:
        raise ValueError("not base58btc of this size")
    number = 0
    for character in text[1:]:
        number = number * len(ALPHABET) + ALPHABET.index(character)
    data = number.to_bytes(size_bytes, "big") if number < 256**size_bytes else b""
    if to_base58(data) != text:
        raise ValueError("not base58btc of this size")
    return data


def to_base64url(data: bytes) -> str:
    """``u…``, without padding."""
    return "u" + base64.urlsafe_b64encode(data).decode().rstrip("=")


def from_base64url(text: str) -> bytes:
    """Raises: ValueError."""
    if not BASE64URL.fullmatch(text):
        raise ValueError("not base64url")
    return base64.urlsafe_b64decode(text[1:] + "=" * (-len(text[1:]) % 4))
