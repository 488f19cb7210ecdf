"""Responses without three habits of WebOb's: a ``Location`` of whatever Host says, ranges of everything, and dates."""

from typing import Any

from pyramid.config import Configurator
from pyramid.response import Response

#: What WebOb would judge by itself: it fails on long numbers and late years. Of JSON no range makes sense, files see to
#: theirs, and nothing here has a ``Last-Modified``, without which a date is to be ignored (RFC 9110, 13.1.3).
UNJUDGED = ("HTTP_RANGE", "HTTP_IF_MODIFIED_SINCE")


class PathResponse(Response):
    """A response that sends ``Location`` as it was set (RFC 9110, 10.2.2 allows a reference), and no range."""

    def _abs_headerlist(self, environ: dict[str, Any]) -> list[tuple[str, str]]:  # WebOb has no public switch
        return list(self.headerlist)

    def conditional_response_app(self, environ: dict[str, Any], start_response: Any) -> Any:
        """304 by ``If-None-Match`` alone, and no range."""
        if "HTTP_IF_NONE_MATCH" not in environ:
            self.conditional_response = False
            return self(environ, start_response)
        without = {name: value for name, value in environ.items() if name not in UNJUDGED}
        return super().conditional_response_app(without, start_response)


def moved(path: str) -> Response:
    """308 to a path of ours, without a body. The method stays."""
    response = PathResponse(status=308, location=path)
    response.content_type = None
    return response


def includeme(config: Configurator) -> None:
    config.set_response_factory(lambda request: PathResponse())
