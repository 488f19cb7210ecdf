"""Names and types of files: what clients say is made harmless, and the type is ours."""

import re
from pathlib import Path

MAX_NAME_CHARS = 255

#: The only types a file is ever served with; everything else is ``application/octet-stream``.
SAFE_TYPES = {
    ".pdf": "application/pdf",
    ".txt": "text/plain",
    ".md": "text/plain",
    ".csv": "text/csv",
    ".json": "application/json",
    ".zip": "application/zip",
    ".png": "image/png",
    ".jpg": "image/jpeg",
    ".jpeg": "image/jpeg",
    ".gif": "image/gif",
    ".mp3": "audio/mpeg",
    ".mp4": "video/mp4",
    ".doc": "application/msword",
    ".docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    ".xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    ".pptx": "application/vnd.openxmlformats-officedocument.presentationml.presentation",
    ".odt": "application/vnd.oasis.opendocument.text",
}


def safe_type(name: str) -> str:
    return SAFE_TYPES.get(Path(name).suffix.lower(), "application/octet-stream")


def safe_name(name: str) -> str:
    """The last part of the path, without control characters, at most 255 characters; its extension survives."""
    base = re.split(r"[/\\]", name)[-1]
    base = "".join(c for c in base if c.isprintable()).strip()
    if base.strip(".") == "":
        return "file"
    stem, dot, extension = base.rpartition(".")
    if not dot or len(extension) > 20:
        return base[:MAX_NAME_CHARS]
    return stem[: MAX_NAME_CHARS - len(extension) - 1] + dot + extension
