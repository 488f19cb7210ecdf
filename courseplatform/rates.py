"""Every request is counted in a class of rate limit, and every answer tells how much is left.

The class is ``reads`` or ``writes``, or what a view names with ``limit=``; the key is the caller's account, else the
address. So are those counted whom security refuses. Operators switch the two off with ``off``.
"""

from collections.abc import Callable
from typing import Any

from limits import RateLimitItem
from pyramid.config import Configurator
from pyramid.exceptions import ConfigurationError
from pyramid.request import Request
from pyramid.response import Response
from pyramid.security import NO_PERMISSION_REQUIRED
from pyramid.viewderivers import INGRESS

from .db import SAFE_METHODS
from .errors import Unauthenticated
from .limits import Hit, hit_limit, rate


def rate_or_off(raw: str) -> RateLimitItem | None:
    """A rate, or ``off``. Raises: ValueError."""
    return None if raw.strip().lower() == "off" else rate(raw)


rate_or_off.__name__ = "a rate such as 10/minute, or off"


def rate_tween_factory(handler: Any, registry: Any) -> Any:
    """Tells what is left of the limits that a request was counted in (draft-ietf-httpapi-ratelimit-headers)."""

    def tween(request: Request) -> Response:
        response = handler(request)
        counted: dict[str, Hit] = request.environ.get("courseplatform.limits", {})
        hits = [hit for hit in counted.values() if hit.is_callers or hit.left < 0]
        if hits:
            nearest = min(hits, key=lambda hit: (hit.left, -hit.until_s))
            response.headerlist += [  # nobody else sets these: nothing is replaced
                ("RateLimit-Limit", str(nearest.limit.amount)),
                ("RateLimit-Remaining", str(max(nearest.left, 0))),
                ("RateLimit-Reset", str(nearest.wait_s)),
                ("RateLimit-Policy", ", ".join(dict.fromkeys(hit.policy for hit in hits))),
            ]
        return response

    return tween


def limited_view(view: Callable[[Any, Request], Response], info: Any) -> Callable[[Any, Request], Response]:
    """A view deriver, around security too: counts each request by its account, else by its address.

    ``limit``: a class of ``add_rate_limit`` in place of ``reads`` and ``writes``; False: the view is not counted.
    """
    own = info.options.get("limit")
    if info.exception_only or own is False:
        return view
    if own is not None and f"limits.{own}" not in info.settings:
        raise ConfigurationError(f"limit={own!r}: no plugin declares such a class with add_rate_limit")
    is_open = info.options.get("permission") == NO_PERMISSION_REQUIRED

    def counted(context: Any, request: Request) -> Response:
        name = own or ("reads" if request.method in SAFE_METHODS else "writes")
        if request.registry.settings[f"limits.{name}"] is not None:
            hit_limit(request, name, address_key(request) if is_open else caller_key(request))
        return view(context, request)

    return counted


limited_view.options = ("limit",)  # type: ignore[attr-defined]


def caller_key(request: Request) -> str:
    """Asks who calls, as security is about to: that takes no statement more."""
    try:
        identity = request.identity
    except Unauthenticated:  # which security will say
        identity = None
    return f"account:{identity.id}" if identity is not None else address_key(request)


def address_key(request: Request) -> str:
    return f"address:{request.client_network}"


def includeme(config: Configurator) -> None:
    config.add_setting("limits.reads", rate_or_off, default=rate("6000/minute"))
    config.add_setting("limits.writes", rate_or_off, default=rate("600/minute"))
    config.add_view_deriver(limited_view, under=INGRESS, over="secured_view")
    config.add_tween(
        "courseplatform.rates.rate_tween_factory",
        under="courseplatform.ingress.ingress_tween_factory",
        over="pyramid_tm.tm_tween_factory",
    )
