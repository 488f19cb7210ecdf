"""Responses without two habits of WebOb's: a ``Location`` made of whatever Host says, and ranges of everything."""

from typing import Any

from pyramid.config import Configurator
from pyramid.response import Response


class PathResponse(Response):
    """A response that sends ``Location`` as it was set (RFC 9110, 10.2.2 allows a reference), and no range."""

    def _abs_headerlist(self, environ: dict[str, Any]) -> list[tuple[str, str]]:  # WebOb has no public switch
        return list(self.headerlist)

    def conditional_response_app(self, environ: dict[str, Any], start_response: Any) -> Any:
        """304, but no range: of JSON none makes sense, files see to theirs, and WebOb fails on long numbers."""
        without = {name: value for name, value in environ.items() if name != "HTTP_RANGE"}
        return super().conditional_response_app(without, start_response)


def moved(path: str) -> Response:
    """308 to a path of ours, without a body. The method stays."""
    response = PathResponse(status=308, location=path)
    response.content_type = None
    return response


def includeme(config: Configurator) -> None:
    config.set_response_factory(lambda request: PathResponse())
