"""What will go says so with each answer."""

from datetime import date
from typing import Any

import pytest
from pyramid.config import Configurator
from pyramid.exceptions import ConfigurationExecutionError
from pyramid.response import Response

from courseplatform.api import NO_PERMISSION_REQUIRED, Conflict, ListQuery, Service
from courseplatform.testing import Client
from tests.core.conftest import build

GOING = {
    "deprecated": date(2026, 1, 1),
    "sunset": date(2027, 6, 30),
    "deprecation_link": "https://docs.example.org/going",
}
LINK = '<https://docs.example.org/going>; rel="deprecation"'


def going(**said: Any) -> Any:
    def includeme(config: Configurator) -> None:
        service = Service("going", "/going/", facet_of="/")

        def show(request: Any) -> Any:
            """A list. 409 ``conflict``."""
            if request.validated["querystring"]["limit"] == 9:
                raise Conflict()
            return {"results": [], "next": "/api/going/?cursor=x", "previous": None}

        service.get(permission=NO_PERMISSION_REQUIRED, query=ListQuery, **said)(show)
        service.put(permission="nobody")(lambda request: {})
        service.post(permission="nobody", **said)(lambda request: {})
        config.add_cornice_service(service)

    return build(includeme)


@pytest.mark.parametrize(
    ("method", "query", "status"),
    [("GET", "", 200), ("HEAD", "", 200), ("GET", "?limit=9", 409), ("GET", "?limit=x", 422), ("POST", "", 401)],
)
def test_each_answer_says_since_when_and_until_when(method: str, query: str, status: int) -> None:
    answer = Client(going(**GOING)).call(method, f"/api/going/{query}", status=status)
    assert answer.headers["Deprecation"] == "@1767225600"  # date -u -d 2026-01-01 +%s
    assert answer.headers["Sunset"] == "Wed, 30 Jun 2027 00:00:00 GMT"
    assert LINK in answer.headers["Link"]


def test_a_lists_links_are_kept_beside() -> None:
    answer = Client(going(**GOING)).get("/api/going/")
    assert answer.headers["Link"] == (f'</api/going/?cursor=x>; rel="next", </api/going/>; rel="first", {LINK}')


def test_other_methods_of_the_address_say_nothing() -> None:
    answer = Client(going(**GOING)).call("PUT", "/api/going/", status=401)
    assert not {"Deprecation", "Sunset", "Link"} & set(answer.headers)


def test_a_deprecation_alone_names_no_end() -> None:
    answer = Client(going(deprecated=date(2026, 1, 1))).get("/api/going/")
    assert answer.headers["Deprecation"] == "@1767225600"
    assert "Sunset" not in answer.headers


def test_the_validator_keeps_the_dates_for_the_swagger_document() -> None:
    (service,) = [s for s in going(**GOING).registry.cornice_services.values() if s.name == "going"]
    kept = {
        method: (validator.deprecated_on, validator.sunset_on)
        for method, _, arguments in service.definitions
        for validator in arguments["validators"]
    }
    assert kept["GET"] == (date(2026, 1, 1), date(2027, 6, 30))
    assert kept["PUT"] == (None, None)


@pytest.mark.parametrize(
    "said",
    [
        {"sunset": date(2027, 1, 1)},
        {"deprecation_link": "https://docs.example.org/"},
        {"deprecated": date(2027, 1, 2), "sunset": date(2027, 1, 1)},
    ],
)
def test_what_makes_no_sense_is_a_fault_at_the_start(said: Any) -> None:
    with pytest.raises(ConfigurationExecutionError, match="sunset="):
        going(**said)


def test_a_view_of_plain_pyramid_can_say_it_too() -> None:
    def includeme(config: Configurator) -> None:
        config.add_route("old", "/old/")
        config.add_view(
            lambda request: Response("old"), route_name="old", permission=NO_PERMISSION_REQUIRED,
            deprecated=date(2026, 1, 1),
        )  # fmt: skip

    assert Client(build(includeme)).get("/old/").headers["Deprecation"] == "@1767225600"
