"""Which events are public."""

from collections.abc import Iterator

from courseplatform.api import Event, Request, plugins_on


def public_types(request: Request) -> set[str]:
    """The types of events that plugins which are on may emit."""
    packages = tuple(f"{name}." for name in plugins_on(request.registry))
    return {cls.public_type for cls in classes() if cls.public_type and f"{cls.__module__}.".startswith(packages)}


def classes(base: type[Event] = Event) -> Iterator[type[Event]]:
    for cls in base.__subclasses__():
        yield cls
        yield from classes(cls)
