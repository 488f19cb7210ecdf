"""Which route an address is of: as Pyramid finds it, without trying them all."""

import re
from typing import Any

import pytest
from pyramid import predicates
from pyramid.interfaces import IRoutesMapper
from pyramid.request import Request
from pyramid.urldispatch import RoutesMapper

from courseplatform.routing import Map, Mapper, TraversePredicate, segments_of
from courseplatform.testing import Client

PATTERNS = (
    "/courses/{course_id}/",
    "/courses/mine/",
    r"/courses/{number:\d+}/lessons/",
    "/courses/{course_id}/lessons/",
    "/courses/{course_id}/{thing}/",
    "/files/{path:.*}",
    "/files/readme/",
    "/static/*rest",
    "/old/:name/",
    "no/slash/{a}-{b}.{ending}",
    "/",
)
PATHS = (
    "/", "", "/courses/", "/courses/5/", "/courses/mine/", "/courses//", "/courses/5/lessons/", "/courses/x/lessons/",
    "/courses/x/lessons", "/courses/x/y/", "/courses/x/y/z/", "/courses/{course_id}/", "/courses/é/", "/ä/",
    "/files/", "/files/a/b/c", "/files/readme/", "/static/a/b", "/static", "/old/x/", "/old/:name/",
    "/no/slash/1-2.txt", "/no/slash/1-2",
)  # fmt: skip


def connected(mapper: Any) -> Any:
    for number, pattern in enumerate(PATTERNS):
        mapper.connect(str(number), pattern)
    return mapper


def asked(mapper: Any, path: str) -> Any:
    request = Request.blank("/")
    request.path_info = path
    found = mapper(request)
    return found["route"] and found["route"].name, found["match"]


@pytest.mark.parametrize("path", PATHS)
def test_the_route_is_the_one_that_pyramid_finds(path: str) -> None:
    assert asked(connected(Mapper()), path) == asked(connected(RoutesMapper()), path)


def test_each_address_of_the_platform_is_found_and_few_are_tried(client: Client) -> None:
    mapper = client.registry.getUtility(IRoutesMapper)
    assert type(mapper) is Mapper
    plain = RoutesMapper()
    plain.routelist = mapper.routelist
    assert len(mapper.routelist) > 30
    for route in mapper.routelist:
        if segments_of(route.pattern) is None:
            continue
        path = re.sub(r"\{(?:[^{}]|\{[^{}]*\})*\}", "01a21bb5-c2dc-7362-aecc-c24b82039577", route.pattern)
        assert asked(mapper, path) == asked(plain, path) != (None, None)
        assert len(Map(mapper.routelist).find(path)) < 4


@pytest.mark.parametrize(
    "traverse", ("/", "courses", "/courses/{a}/", "/courses/{a}/lessons/{b}", "/{a}{b}", "/x{a}/", "/{a}/*rest", "/:a")
)
@pytest.mark.parametrize("value", ("1é 2%2F", "x/y", ""))
def test_the_names_of_nodes_are_those_that_pyramid_finds(traverse: str, value: str) -> None:
    matched = {"a": value, "b": "x", "rest": ("y", "z")}
    found, expected = {"match": {**matched}}, {"match": {**matched}}
    assert TraversePredicate(traverse, None)(found, None)
    assert predicates.TraversePredicate(traverse, None)(expected, None)
    assert found == expected


def test_a_route_that_is_added_later_is_found_and_one_in_its_place_replaces_it() -> None:
    mapper = connected(Mapper())
    assert asked(mapper, "/later/") == (None, None)
    mapper.connect("later", "/later/")
    assert asked(mapper, "/later/") == ("later", {})
    mapper.connect("later", "/much/later/")
    assert asked(mapper, "/later/") == (None, None)


def test_a_line_break_at_the_end_is_another_address() -> None:
    assert asked(connected(Mapper()), "/courses/mine/\n") == (None, None)
