"""Work that arrives as ``multipart/form-data`` (RFC 7578): a strict reader that copies nothing.

The body has arrived in full and can be sought; a file's part is a window on it, streamed to storage afterwards.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from email.message import Message
from email.parser import HeaderParser
from typing import IO, Any

import colander

from courseplatform.api import ApiError, Invalid, Request, UnsupportedMediaType

CHUNK_BYTES = 256 * 1024
MAX_HEADER_BYTES = 8 * 1024
#: text, file, status: more can only be repeated or unknown, and one more is enough to say so.
MAX_PARTS = 4
MAX_TEXT_BYTES = 1024 * 1024
MAX_NAME_CHARS = 255


@dataclass(frozen=True)
class Upload:
    """A file on its way in. ``name`` as the sender says it, ``stream`` readable once."""

    name: str
    stream: Any

    @property
    def safe_name(self) -> str:
        """The last part of the path, without control characters, at most 255 characters; its extension survives."""
        base = re.split(r"[/\\]", self.name)[-1]
        base = "".join(c for c in base if c.isprintable()).strip()
        if base.strip(".") == "":
            return "file"
        stem, dot, extension = base.rpartition(".")
        if not dot or len(extension) > 20:
            return base[:MAX_NAME_CHARS]
        return stem[: MAX_NAME_CHARS - len(extension) - 1] + dot + extension


class FilePart(colander.String):
    """The schema type of a file: an ``Upload`` from a multipart body. JSON can't bring one."""

    def deserialize(self, node: Any, cstruct: Any) -> Any:
        if cstruct is colander.null:
            return colander.null
        if not isinstance(cstruct, Upload):
            raise colander.Invalid(node, "must be a file with a name, sent as multipart/form-data")
        return cstruct


class Window:
    """Bytes ``start`` to ``end`` of a seekable stream, to be read once."""

    def __init__(self, stream: IO[bytes], start: int, end: int) -> None:
        self.stream, self.position, self.end = stream, start, end

    def read(self, size: int = -1) -> bytes:
        left = self.end - self.position
        self.stream.seek(self.position)
        chunk = self.stream.read(left if size < 0 else min(size, left))
        self.position += len(chunk)
        return chunk


def read_form(request: Request) -> dict[str, Any]:
    """The parts by name: texts as ``str``, a file as ``Upload``.

    Raises: ApiError("malformed_upload") for a body that is cut off or isn't UTF-8; Invalid for a part too many;
    UnsupportedMediaType without a boundary.
    """
    header = Message()
    header["Content-Type"] = request.headers.get("Content-Type", "")
    boundary = header.get_param("boundary")
    if not isinstance(boundary, str) or not re.fullmatch(r"[ -~]{0,69}[!-~]", boundary):
        raise UnsupportedMediaType()
    stream = request.body_file_seekable
    found: dict[str, Any] = {}
    try:
        for start, end in part_ranges(stream, b"--" + boundary.encode()):
            name, value = read_part(stream, start, end)
            if name in found or len(found) == MAX_PARTS:
                raise Invalid.field(name[:200], "is given twice, or one part too many")
            found[name] = value
    except ValueError as error:  # UnicodeError is one
        raise ApiError("malformed_upload") from error
    return found


def part_ranges(stream: IO[bytes], delimiter: bytes) -> Iterator[tuple[int, int]]:
    """Where each part, headers included, starts and ends. Raises: ValueError if the last delimiter never comes."""
    stream.seek(0)
    if stream.read(len(delimiter)) != delimiter:
        raise ValueError("no delimiter at the start")
    at = len(delimiter)
    while True:
        stream.seek(at)
        after = stream.read(2)
        if after == b"--":
            return
        if after != b"\r\n":
            raise ValueError("no line end after a delimiter")
        # The line end before a delimiter belongs to it; that of this one may serve a part without any content.
        end = find(stream, b"\r\n" + delimiter, at)
        yield min(at + 2, end), end
        at = end + 2 + len(delimiter)


def find(stream: IO[bytes], wanted: bytes, start: int) -> int:
    """The offset of ``wanted`` at or after ``start``. Raises: ValueError."""
    at, kept = start, b""
    while True:
        stream.seek(at)
        chunk = stream.read(CHUNK_BYTES)
        if not chunk:
            raise ValueError("cut off")
        window = kept + chunk
        index = window.find(wanted)
        if index >= 0:
            return at - len(kept) + index
        kept, at = window[-(len(wanted) - 1) :], at + len(chunk)


def read_part(stream: IO[bytes], start: int, end: int) -> tuple[str, Any]:
    """Name and value of one part. Raises: ValueError, Invalid."""
    stream.seek(start)
    head, blank_line, _ = stream.read(min(MAX_HEADER_BYTES, end - start)).partition(b"\r\n\r\n")
    if not blank_line:
        raise ValueError("headers without an end")
    headers = HeaderParser().parsestr(head.decode("utf-8"))
    name = headers.get_param("name", header="content-disposition")
    if headers.get_content_disposition() != "form-data" or not isinstance(name, str):
        raise ValueError("not a named part")
    if headers.get("Content-Transfer-Encoding", "binary").lower() not in ("binary", "8bit", "7bit"):
        raise ValueError("an encoding that RFC 7578 took out of use")
    start += len(head) + len(blank_line)
    file_name = headers.get_filename()
    if file_name is not None and file_name.strip():
        file_name.encode()  # UnicodeEncodeError for a lone surrogate
        return name, Upload(file_name, Window(stream, start, end))
    if end - start > MAX_TEXT_BYTES:
        raise Invalid.field(name[:200], "is too long")
    return name, Window(stream, start, end).read().decode("utf-8")
