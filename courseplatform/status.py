"""What the platform says of itself: ``/api/`` and ``/api/problems/{code}/``."""

from collections.abc import Callable, Mapping
from importlib.metadata import version
from typing import Any

from pyramid.config import Configurator
from pyramid.request import Request
from pyramid.response import Response
from pyramid.security import NO_PERMISSION_REQUIRED

from .errors import NotFound
from .resources import Node
from .responses import moved
from .schemas import Answer, AnyText, Anything, Listing, field
from .service import Service


class CapabilitiesAnswer(Answer):
    name = field(AnyText())
    version = field(AnyText())
    plugins = field(Listing(), field(AnyText(), name="plugin"))
    capabilities = field(Anything(), description="Name → a sentence.")
    addresses = field(Anything(), description="Address → its methods.")


class ExplanationAnswer(Answer):
    code = field(AnyText())
    type = field(AnyText())
    detail = field(AnyText(), description="What happened and what helps.")


class Problems(Node):
    """``/problems``"""

    def __getitem__(self, segment: str) -> Node:
        return Node(self.request, segment, self)


capabilities = Service("capabilities", "/")
problems = Service("problem", "/problems/{code:[a-z_]{1,60}}/")


@capabilities.get(permission=NO_PERMISSION_REQUIRED, answer=CapabilitiesAnswer)
def show_capabilities(request: Request) -> dict[str, Any]:
    """What this platform can: version, plugins and every address with its methods."""
    registry = request.registry
    addresses = {
        getattr(service, "public_path", service.path): sorted(set(service.defined_methods))
        for service in registry.cornice_services.values()
    }
    return {
        "name": "courseplatform",
        "version": version("courseplatform"),
        "plugins": registry["plugins"],
        "capabilities": registry["capabilities"],
        "addresses": dict(sorted(addresses.items())),
    }


@problems.get(permission=NO_PERMISSION_REQUIRED, answer=ExplanationAnswer)
def show_problem(request: Request) -> dict[str, Any]:
    """What an error code means and what helps. 404 ``not_found`` for a code that this platform never answers."""
    code = request.matchdict["code"]
    if code not in request.registry["problems"]:
        raise NotFound()
    return {"code": code, "type": f"/api/problems/{code}/", "detail": request.registry["problems"][code]}


def root(request: Request) -> Response:
    """To what the platform says of itself: its bare address is what people try first."""
    return moved("/api/")


def add_capability(config: Configurator, name: str, description: str | Callable[[Mapping[str, Any]], str]) -> None:
    """Announce at ``/api/`` that the platform can something.

    ``description``: a sentence, or a function that makes one of the settings.
    """

    def register() -> None:
        told = description(config.registry.settings) if callable(description) else description
        config.registry["capabilities"][name] = told

    config.action(("capability", name), register)


def includeme(config: Configurator) -> None:
    config.registry["capabilities"] = {}
    config.add_directive("add_capability", add_capability)
    config.add_resource_node("courseplatform.resources.Root", "problems", Problems)
    config.add_cornice_service(capabilities)
    config.add_cornice_service(problems)
    config.add_route("root", "/")
    config.add_view(root, route_name="root", permission=NO_PERMISSION_REQUIRED, request_method="GET")
