"""OPTIONS on every address: 204 with ``Allow``. Only the route is looked at, so it tells nothing of any row."""

from collections.abc import Iterable
from typing import Any

from pyramid.config import Configurator
from pyramid.interfaces import IRoutesMapper
from pyramid.registry import Registry
from pyramid.request import Request
from pyramid.response import Response

ALL = ("DELETE", "GET", "PATCH", "POST", "PUT")


def options_tween_factory(handler: Any, registry: Any) -> Any:
    def tween(request: Request) -> Response:
        if request.method == "OPTIONS":
            route = registry.getUtility(IRoutesMapper)(request)["route"]
            if route is not None:
                return Response(status=204, content_type=None, allow=allowed_methods(registry, route))
        return handler(request)

    return tween


def allowed_methods(registry: Registry, route: Any) -> list[str]:
    """What the views of a route take, with HEAD for GET, and OPTIONS."""
    service = registry.cornice_services.get(route.pattern)
    found = set(service.defined_methods if service is not None else methods_of_views(registry, route.name))
    return sorted(found | {"OPTIONS"} | ({"HEAD"} if "GET" in found else set()))


def methods_of_views(registry: Registry, route_name: str) -> Iterable[str]:
    for entry in registry.introspector.get_category("views") or ():
        view = entry["introspectable"]
        if view["route_name"] == route_name:
            given = view["request_methods"]
            yield from ALL if given is None else (given,) if isinstance(given, str) else given


def includeme(config: Configurator) -> None:
    config.add_tween(
        "courseplatform.methods.options_tween_factory",
        under="courseplatform.ingress.ingress_tween_factory",
        over="pyramid_tm.tm_tween_factory",
    )
