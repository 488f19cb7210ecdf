"""Responses whose ``Location`` is a path: WebOb would make it absolute with whatever the Host header says."""

from typing import Any

from pyramid.config import Configurator
from pyramid.response import Response


class PathResponse(Response):
    """A response that sends ``Location`` as it was set (RFC 9110, 10.2.2 allows a reference)."""

    def _abs_headerlist(self, environ: dict[str, Any]) -> list[tuple[str, str]]:  # WebOb has no public switch
        return list(self.headerlist)


def moved(path: str) -> Response:
    """308 to a path of ours, without a body. The method stays."""
    response = PathResponse(status=308, location=path)
    response.content_type = None
    return response


def includeme(config: Configurator) -> None:
    config.set_response_factory(lambda request: PathResponse())
