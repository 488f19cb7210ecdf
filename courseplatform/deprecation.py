"""Addresses that will go: ``deprecated=`` and ``sunset=`` of a view, told with each of its answers.

``Deprecation`` is RFC 9745, ``Sunset`` RFC 8594; both are dates, from midnight UTC on.
"""

from collections.abc import Callable
from datetime import UTC, date, datetime, time
from email.utils import format_datetime
from typing import Any

from pyramid.config import Configurator
from pyramid.exceptions import ConfigurationError
from pyramid.request import Request
from pyramid.response import Response
from pyramid.viewderivers import INGRESS


def deprecated_view(view: Callable[[Any, Request], Response], info: Any) -> Callable[[Any, Request], Response]:
    """A view deriver. ``deprecated``, ``sunset``: dates; ``deprecation_link``: the address of what to do about it."""
    headers = deprecation_headers(*(info.options.get(name) for name in deprecated_view.options))  # type: ignore[attr-defined]
    if not headers:
        return view

    def tell(request: Request, response: Response) -> None:
        for name, value in headers.items():
            present = response.headers.get(name)
            response.headers[name] = f"{present}, {value}" if present else value

    def told(context: Any, request: Request) -> Response:
        request.add_response_callback(tell)  # also of an error's
        return view(context, request)

    return told


deprecated_view.options = ("deprecated", "sunset", "deprecation_link")  # type: ignore[attr-defined]


def deprecation_headers(deprecated: date | None, sunset: date | None, link: str | None) -> dict[str, str]:
    """Raises: ConfigurationError for what makes no sense."""
    if deprecated is None and (sunset is not None or link is not None):
        raise ConfigurationError("sunset= and deprecation_link= belong to a view that says deprecated=")
    if deprecated is None:
        return {}
    headers = {"Deprecation": f"@{int(midnight(deprecated).timestamp())}"}
    if sunset is not None:
        if sunset < deprecated:
            raise ConfigurationError("a view can't go (sunset=) before it is deprecated")
        headers["Sunset"] = format_datetime(midnight(sunset), usegmt=True)
    if link is not None:
        headers["Link"] = f'<{link}>; rel="deprecation"'
    return headers


def midnight(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)


def includeme(config: Configurator) -> None:
    config.add_view_deriver(deprecated_view, under=INGRESS, over="limited_view")
