"""Which route an address is of, at the same price however many plugins there are.

Pyramid tries one route after the other. Here only those are tried that have the words of the address in the same
places; where these are several, in the order in which they were added, as there.
"""

import re
from collections.abc import Sequence
from operator import itemgetter
from typing import Any

from pyramid import predicates
from pyramid.config import Configurator
from pyramid.exceptions import URLDecodeError
from pyramid.interfaces import IRoutesMapper
from pyramid.urldispatch import RoutesMapper, old_route_re, route_re, star_at_end

from .schemas import UUID_PATTERN

#: What a part of a pattern may be made of to be a part of one segment for sure.
WITHIN_A_SEGMENT = {"[^/]+", UUID_PATTERN, r"\d+", r"\w+"}
#: A ``traverse=`` whose segments are words, or names of values.
PLAIN = re.compile(r"(/([^{}*:/]+|\{\w+\}))*/?")
NUMBER = itemgetter(0)
#: Stands for such a part while a pattern is taken to pieces.
PART = "\0"


class Place:
    """After some segments: what may come next, and the routes that end here, with their numbers."""

    def __init__(self) -> None:
        #: None: whatever the segment is.
        self.beneath: dict[str | None, Place] = {}
        self.routes: list[tuple[int, Any]] = []


class Map:
    """Of the routes as they are now."""

    def __init__(self, routes: Sequence[Any]) -> None:
        self.root, self.anywhere = Place(), list[tuple[int, Any]]()
        for number, route in enumerate(routes):
            segments = segments_of(route.pattern)
            if segments is None:
                self.anywhere.append((number, route))
                continue
            place = self.root
            for segment in segments:
                place = place.beneath.setdefault(segment, Place())
            place.routes.append((number, route))

    def find(self, path: str) -> list[tuple[int, Any]]:
        """The routes that may be meant."""
        places = [self.root]
        for segment in path.split("/"):
            steps = (segment, None) if segment else (segment,)
            places = [place.beneath[step] for place in places for step in steps if step in place.beneath]
        found = [one for place in places for one in place.routes] + self.anywhere
        return sorted(found, key=NUMBER) if len(found) > 1 else found


class Mapper(RoutesMapper):
    def __init__(self) -> None:
        super().__init__()
        self.map: Map | None = None

    def connect(self, *arguments: Any, **options: Any) -> Any:
        self.map = None
        return super().connect(*arguments, **options)

    def __call__(self, request: Any) -> dict[str, Any]:
        """As Pyramid's own, whose ``routelist`` this reads. Raises: URLDecodeError."""
        if self.map is None:
            self.map = Map(self.routelist)
        try:
            path = request.path_info or "/"
        except UnicodeDecodeError as error:
            raise URLDecodeError(error.encoding, error.object, error.start, error.end, error.reason) from error
        for _, route in self.map.find(path):
            match = route.match(path)
            if match is not None:
                found = {"match": match, "route": route}
                if all(predicate(found, request) for predicate in route.predicates):
                    return found
        return {"match": None, "route": None}


class TraversePredicate(predicates.TraversePredicate):
    """``traverse=`` of a route, from its words and what was matched; Pyramid's own quotes that and parses it anew."""

    def __init__(self, value: str, config: Any) -> None:
        super().__init__(value, config)
        #: Each segment, and whether it is the name of what was matched; None where there are more than these and words.
        self.segments: list[tuple[str, bool]] | None = None
        if PLAIN.fullmatch(f"/{value.lstrip('/')}"):
            self.segments = [(one.strip("{}"), one[0] == "{") for one in value.split("/") if one]

    def __call__(self, context: Any, request: Any) -> bool:
        match = context["match"]
        if self.segments is None or "traverse" in match:
            return bool(super().__call__(context, request))
        found = tuple([match[word] if is_name else word for word, is_name in self.segments])
        if not all(isinstance(one, str) and one and "/" not in one for one in found):  # no word, or several
            return bool(super().__call__(context, request))
        match["traverse"] = found
        return True


def segments_of(pattern: str) -> list[str | None] | None:
    """The words of a pattern, None in place of what may be any; None if one of its parts may be of several segments."""
    pattern = pattern if pattern.startswith("/") else f"/{pattern}"
    if star_at_end.search(pattern) or (old_route_re.search(pattern) and not route_re.search(pattern)):
        return None
    pieces = route_re.split(pattern)
    parts = [piece[1:-1].partition(":")[2] or "[^/]+" for piece in pieces[1::2]]
    if not WITHIN_A_SEGMENT.issuperset(parts):
        return None
    return [None if PART in segment else segment for segment in PART.join(pieces[::2]).split("/")]


def includeme(config: Configurator) -> None:
    config.registry.registerUtility(Mapper(), IRoutesMapper)
    config.add_route_predicate("traverse", TraversePredicate)
