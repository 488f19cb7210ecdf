"""Settings of uploads, together with others'."""

from collections.abc import Iterator, Mapping
from typing import Any


def check(settings: Mapping[str, Any]) -> Iterator[str]:
    """On local disk uploads come through us, as bodies of requests."""
    limits = settings["uploads.max_file_bytes"], settings["http.max_body_bytes"]
    if not settings["files.url"] and all(type(limit) is int for limit in limits) and limits[0] > limits[1]:
        yield "uploads.max_file_bytes: is more than http.max_body_bytes, and without files.url uploads are bodies"
