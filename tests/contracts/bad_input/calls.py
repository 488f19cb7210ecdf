"""A request as its bytes, sent to the application as waitress would hand it over."""

import json
from dataclasses import dataclass, field, replace
from io import BytesIO
from typing import Any
from urllib.parse import unquote_to_bytes

from webob import Request

JSON = "application/json"


@dataclass(frozen=True)
class Call:
    """``path`` and ``query`` are percent-encoded, ``headers`` latin-1, as on the wire; no body is None."""

    method: str
    path: str
    query: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes | None = None
    content_type: str = ""

    def with_json(self, document: Any) -> "Call":
        return replace(self, body=json.dumps(document).encode(), content_type=self.content_type or JSON)

    def with_header(self, name: str, value: str) -> "Call":
        return replace(self, headers={**self.headers, name: value})

    @property
    def document(self) -> Any:
        return json.loads(self.body or b"{}")


@dataclass(frozen=True)
class Bad:
    """``call`` has one thing wrong, of a kind. ``marker``: what the answer must not repeat; "" for what has no face.

    ``is_refused``: whether the document says that it is invalid, so that it has to be refused.
    """

    kind: str
    label: str
    call: Call
    marker: str = ""
    is_refused: bool = False


def send(app: Any, call: Call, token: str | None) -> Any:
    """The answer, with whatever its body is."""
    body = call.body if call.body is not None else b""
    environ = Request.blank("/", method=call.method).environ
    environ.update({
        "REMOTE_ADDR": "127.0.0.1",
        "PATH_INFO": unquote_to_bytes(call.path.encode("latin-1")).decode("latin-1"),
        "QUERY_STRING": call.query,
        "wsgi.input": BytesIO(body),
    })  # fmt: skip
    if call.body is not None:
        environ["CONTENT_LENGTH"] = str(len(body))
    if call.content_type:
        environ["CONTENT_TYPE"] = call.content_type
    if token:
        environ["HTTP_AUTHORIZATION"] = f"Bearer {token}"
    for name, value in call.headers.items():
        environ["HTTP_" + name.upper().replace("-", "_")] = value
    response = Request(environ).get_response(app)
    _ = response.body  # read, and its file closed
    return response
