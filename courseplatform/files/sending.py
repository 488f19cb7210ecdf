"""Files on their way out: downloads that no browser runs, whole or a range of them (RFC 9110, 13 and 14).

An ETag is the SHA-256 of the content. With ``files.accel_prefix`` nginx sends what is asked of it in plain words; what
it would judge otherwise than we do, we send.
"""

import hashlib
import re
from collections.abc import Callable
from io import BytesIO
from typing import Any
from urllib.parse import quote

from pyramid.request import Request

from ..errors import RangeNotSatisfiable
from ..etags import check_match
from .keeping import storage_of
from .names import safe_type
from .storage import Chunks, ClosableStream

#: One range; of several we send the whole, as one may.
RANGE = re.compile(r"bytes=[ \t]*([0-9]{0,40})-([0-9]{0,40})[ \t]*", re.IGNORECASE)

#: nginx compares these with a file's time, or with an ETag that it doesn't know.
JUDGED_BY_NGINX = ("If-Match", "If-Modified-Since", "If-Unmodified-Since")

Open = Callable[[int, int | None], ClosableStream]


def send_file(request: Request, key: str, *, name: str, size_bytes: int, sha256: str) -> Any:
    """The file as a download that no browser will run, or the range of it that is asked for.

    With ``files.redirects`` the answer may be 307 to an address of the storage, good for some minutes.
    Raises: FileNotFoundError; RangeNotSatisfiable; PreconditionFailed for an ``If-Match`` of another file.
    """
    storage, disposition = storage_of(request), attachment(name)
    if not begin_download(request, name, sha256):
        return request.response
    url = storage.address_of(key, disposition=disposition, content_type=safe_type(name))
    place = storage.proxied_at(key)
    if request.method == "HEAD" or url is not None or place is not None:
        storage.check(key)
    if request.method == "GET" and url is not None:
        return redirect(request, url)
    if request.method == "GET" and place is not None and is_plain(request, size_bytes, sha256):
        request.response.headers["X-Accel-Redirect"] = place
        if "Range" not in request.headers:  # nginx says this by itself, but of a part it doesn't
            del request.response.headers["Accept-Ranges"]
        return request.response
    return send_range(request, lambda start, stop: storage.open(key, start, stop), size_bytes, sha256)


def send_bytes(request: Request, content: bytes, *, name: str) -> Any:
    """What lies in no storage, answered exactly as ``send_file`` would."""
    sha256 = hashlib.sha256(content).hexdigest()
    if not begin_download(request, name, sha256):
        return request.response
    return send_range(request, lambda start, stop: BytesIO(content[start:stop]), len(content), sha256)


def begin_download(request: Request, name: str, sha256: str) -> bool:
    """Whether there is something to send: if not, the client has it (304). Raises: PreconditionFailed."""
    check_match(request, sha256, is_required=False)
    response = request.response
    response.content_type = safe_type(name)
    make_attachment(response, name)
    response.headers["Accept-Ranges"] = "bytes"
    response.etag = sha256
    response.conditional_response = bool(request.if_none_match) and sha256 in request.if_none_match
    return not response.conditional_response


def make_attachment(response: Any, name: str) -> None:
    """Let a response be saved under this name, and run by no browser."""
    response.headers["Content-Disposition"] = attachment(name)
    response.headers["Content-Security-Policy"] = "sandbox; default-src 'none'"


def send_range(request: Request, open_at: Open, size_bytes: int, sha256: str) -> Any:
    """The rest of the answer. Raises: RangeNotSatisfiable, and what ``open_at`` raises."""
    response = request.response
    response.content_length = size_bytes
    if request.method == "HEAD":
        return response
    asked = asked_range(request, size_bytes, sha256)
    start, stop = asked or (0, size_bytes)
    response.app_iter = Chunks(open_at(start, None if asked is None else stop), stop - start)
    response.content_length = stop - start  # after app_iter, which forgets it
    if asked is not None:
        response.status_int = 206
        response.headers["Content-Range"] = f"bytes {start}-{stop - 1}/{size_bytes}"
    return response


def asked_range(request: Request, size_bytes: int, sha256: str) -> tuple[int, int] | None:
    """The first byte and the one after the last; None to send all. Raises: RangeNotSatisfiable."""
    found = RANGE.fullmatch(request.headers.get("Range", ""))
    if found is None or request.headers.get("If-Range", f'"{sha256}"') != f'"{sha256}"':
        return None
    first, last = found.groups()
    if not (first or last) or (first and last and int(last) < int(first)):
        return None  # malformed: as if it weren't there
    if first:
        start, stop = int(first), min(int(last) + 1, size_bytes) if last else size_bytes
    else:
        start, stop = max(size_bytes - int(last), 0), size_bytes
    if start >= size_bytes:
        raise RangeNotSatisfiable(headers={"Content-Range": f"bytes */{size_bytes}", "Accept-Ranges": "bytes"})
    return start, stop


def is_plain(request: Request, size_bytes: int, sha256: str) -> bool:
    """Whether nginx would answer as we do. Raises: RangeNotSatisfiable."""
    if any(name in request.headers for name in JUDGED_BY_NGINX):
        return False
    return "Range" not in request.headers or asked_range(request, size_bytes, sha256) is not None


def redirect(request: Request, url: str) -> Any:
    response = request.response
    for name in ("ETag", "Accept-Ranges", "Content-Disposition"):  # of what lies there, not of this answer
        del response.headers[name]
    response.status_int, response.location, response.content_type = 307, url, None
    response.headers["Cache-Control"] = "no-store"
    return response


def attachment(name: str) -> str:
    ascii_name = "".join(c if c.isascii() and (c.isalnum() or c in "._- ") else "_" for c in name)
    return f"attachment; filename=\"{ascii_name}\"; filename*=UTF-8''{quote(name, safe='')}"
