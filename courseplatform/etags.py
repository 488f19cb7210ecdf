"""Strong ETags of rows: a hash over every column that is read with the row, and over what a model's
``etag_parts(request)`` adds. A deferred column is none of them.

They cost no statement, so that ``If-Match`` can be checked on every write while the row is locked. A model that shows
callers different columns names them: ``etag_columns(request)``. Where the context is no item, the body is hashed.
"""

import hashlib
from collections.abc import Callable
from typing import Any

import orjson
from pyramid.request import Request

from .entities import class_of, shape_of
from .errors import PreconditionFailed, PreconditionRequired
from .resources import Item


def row_etag(request: Request, row: Any) -> str:
    """The opaque part of the row's ETag."""
    names = row.etag_columns(request) if hasattr(row, "etag_columns") else shape_of(class_of(row)).keys
    values = [getattr(row, name) for name in names]
    if hasattr(row, "etag_parts"):
        values += row.etag_parts(request)
    return digest(values)


def digest(values: Any) -> str:
    """A short hash of JSON-able values. Keys are sorted, since a JSONB column gives them back in another order."""
    return hashlib.blake2b(orjson.dumps(values, default=str, option=orjson.OPT_SORT_KEYS), digest_size=12).hexdigest()


def set_etag(request: Request, row: Any, extensions: Any = None) -> None:
    """Answer with the row's ETag, and 304 if the client has it. Extensions vary it behind a dot."""
    answer_with(request, row_etag(request, row), extensions)


def set_body_etag(request: Request, body: dict[str, Any]) -> dict[str, Any]:
    """The body, answered with an ETag of what it says: for a context that is no item."""
    answer_with(request, body_tag(body), body.get("extensions"))
    return body


def body_tag(body: dict[str, Any]) -> str:
    return digest({str(name): value for name, value in body.items() if name != "extensions"})


def answer_with(request: Request, tag: str, extensions: Any) -> None:
    request.response.etag = f"{tag}.{digest(extensions)}" if extensions else tag
    request.response.conditional_response = request.method in ("GET", "HEAD")


def vary_etag(request: Request, told: Any) -> None:
    """Vary the answer's ETag, if it has one, by what it tells this caller besides the row."""
    if request.response.etag:
        request.response.etag = f"{request.response.etag}.{digest(told)}"


def check_body_match(request: Request, show: Callable[[], dict[str, Any] | None]) -> None:
    """Compare ``If-Match``, if it is sent, with what GET would ``show()``. Raises: PreconditionFailed (412)."""
    if "If-Match" in request.headers:
        body = show()
        check_match(request, body_tag(body) if body is not None else "", False)


def check_if_match(request: Request, is_required: bool) -> None:
    """Compare ``If-Match`` with the context's row. Raises: PreconditionFailed (412), PreconditionRequired (428)."""
    row = request.context.row if isinstance(request.context, Item) else None
    if row is not None:  # whose tag may cost a statement
        check_match(request, row_etag(request, row) if "If-Match" in request.headers else "", is_required)


def check_match(request: Request, current: str, is_required: bool) -> None:
    """Compare ``If-Match`` with an opaque tag. Raises: PreconditionFailed (412), PreconditionRequired (428)."""
    header = request.headers.get("If-Match")
    if header is None:
        if is_required:
            raise PreconditionRequired()
        return
    tags = [tag.strip() for tag in header.split(",")]
    if "*" in tags:
        return
    if not any(tag.startswith('"') and opaque_part(tag) == current for tag in tags):
        raise PreconditionFailed()


def check_row_match(request: Request, row: Any, tag: str) -> None:
    """Compare with a row the ETag that a client read of it, with or without quotes; ``*`` is any.

    For where many rows are written at once. Raises: PreconditionFailed (412).
    """
    if tag != "*" and opaque_part(tag) != row_etag(request, row):
        raise PreconditionFailed()


def opaque_part(tag: str) -> str:
    """Of an ETag what stands for the row itself, without its extensions."""
    return tag.strip('"').partition(".")[0]
