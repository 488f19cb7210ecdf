"""Work that arrives as ``multipart/form-data`` (RFC 7578), read strictly."""

import re
from dataclasses import dataclass
from typing import IO, Any

import colander
from multipart import MultipartError, MultipartParser, MultipartPart, parse_options_header

from courseplatform.api import ApiError, Invalid, Request, UnsupportedMediaType

#: text, file, status: more can only be repeated or unknown, and one more is enough to say so.
MAX_PARTS = 4
MAX_TEXT_BYTES = 1024 * 1024
MAX_NAME_CHARS = 255


@dataclass(frozen=True)
class Upload:
    """A file on its way in. ``name`` as the sender says it, ``stream`` readable once."""

    name: str
    stream: IO[bytes]

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

    is_file = True

    def deserialize(self, node: Any, cstruct: Any) -> Any:
        if cstruct is colander.null:
            return colander.null
        if not isinstance(cstruct, Upload):
            raise colander.Invalid(node, "must be a file with a name, sent as multipart/form-data")
        return cstruct


def read_form(request: Request) -> dict[str, Any]:
    """The parts by name: texts as ``str``, a file as ``Upload``.

    Raises: ApiError("malformed_upload") for a body that is cut off or isn't UTF-8; Invalid for a part too many;
    UnsupportedMediaType without a boundary.
    """
    boundary = parse_options_header(request.headers.get("Content-Type", ""))[1].get("boundary", "")
    if not re.fullmatch(r"[ -~]{0,69}[!-~]", boundary):
        raise UnsupportedMediaType()
    request.body_file_raw.seek(0)  # this may be the request's second attempt
    parser = MultipartParser(request.body_file_raw, boundary, content_length=request.content_length or 0, strict=True)
    found: dict[str, Any] = {}
    try:
        for part in parser:
            request.add_finished_callback(lambda _, part=part: part.close())
            if part.name in found or len(found) == MAX_PARTS:
                raise Invalid.field(part.name[:200], "is given twice, or one part too many")
            found[part.name] = read_part(part)
    except ValueError as error:  # MultipartError and UnicodeError are some
        raise ApiError("malformed_upload") from error
    return found


def read_part(part: MultipartPart) -> Any:
    """Raises: ValueError, Invalid."""
    if part.headers.get("Content-Transfer-Encoding", "binary").lower() not in ("binary", "8bit", "7bit"):
        raise MultipartError("an encoding that RFC 7578 took out of use")
    if part.filename is not None and part.filename.strip():
        part.filename.encode()  # UnicodeEncodeError for a lone surrogate
        return Upload(part.filename, part.file)
    if part.size > MAX_TEXT_BYTES:
        raise Invalid.field(part.name[:200], "is too long")
    return part.raw.decode("utf-8")
