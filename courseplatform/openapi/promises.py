"""Whether an answer is what the document promises: the tests' client asks after every request."""

from typing import Any

import colander
from pyramid.interfaces import IRoutesMapper
from pyramid.registry import Registry
from pyramid.request import Request

from ..answers import Binary, OneOf
from ..dryrun import DryRun
from ..schemas import faults
from ..service import Service
from ..validation import validator_of
from .refusals import Refusals, refusals_of
from .successes import Success, success_of

#: Of an operation that the document has no word for: of a method or an Accept that no address has.
UNSPOKEN = (405, 406)
#: What ``?explain=permissions`` adds to an answer.
EXPLAINED = ("permissions", "methods")


def check_answer(registry: Registry, method: str, path: str, response: Any) -> None:
    """Raises: AssertionError for a status, a code, a header or a body that the operation does not declare."""
    promised = promise(registry, method, path)
    status = response.status_int
    if promised is None or status in UNSPOKEN or method == "HEAD":
        return
    success, refusals = promised
    if response.content_type == "application/problem+json":
        code = response.json["code"]
        assert code in refusals.get(status, ()), f"{method} {path}: {status} {code} is not in its docstring"
    elif response.headers.get("Preference-Applied") == "dry-run":
        check_body(f"{method} {path}", DryRun(), response.json)
    elif status < 400 and status not in (304, 308):
        assert status in success.statuses, f"{method} {path}: {status} is none of its statuses {success.statuses}"
        for name in success.headers(status):
            assert name in response.headers, f"{method} {path}: {status} without its {name}"
        if response.content_type == "application/json" and not is_any(success.schema):
            body = response.json
            if isinstance(body, dict) and body.keys() >= set(EXPLAINED):
                body = {name: value for name, value in body.items() if name not in EXPLAINED}
            check_body(f"{method} {path}", success.schema, body)
        elif isinstance(success.schema, Binary) and status < 300:
            declared = success.schema.content_type
            assert declared in ("*/*", response.content_type), f"{method} {path}: {response.content_type}"


def is_any(schema: Any) -> bool:
    """Whether a file is promised that may happen to be JSON."""
    return isinstance(schema, Binary) and schema.content_type == "*/*"


def check_body(label: str, schema: Any, body: Any) -> None:
    assert schema is not None, f"{label}: answers JSON where it declares nothing"
    assert not isinstance(schema, Binary), f"{label}: answers JSON where it declares {schema.content_type}"
    found: list[Any] = []
    for one in schema.of if isinstance(schema, OneOf) else [schema]:
        if isinstance(one, Binary):
            continue
        try:
            one.deserialize(body)
        except colander.Invalid as error:
            found = faults(error, "answer")
        else:
            return
    told = [f"{fault.name} {fault.detail}" for fault in found]
    raise AssertionError(f"{label}: the answer is not as declared: {'; '.join(told)}")


def promise(registry: Registry, method: str, path: str) -> tuple[Success, Refusals] | None:
    """What the operation at an address declares; None where there is none of ours."""
    asked = Request.blank("/")
    asked.environ["PATH_INFO"] = path.partition("?")[0]
    try:
        route = registry.getUtility(IRoutesMapper)(asked)["route"]
    except UnicodeDecodeError:
        return None
    if route is None:
        return None
    kept = registry["promises"]
    key = (route.name, method)
    if key not in kept:
        kept[key] = promise_of(registry, *key)
    found: tuple[Success, Refusals] | None = kept[key]
    return found


def promise_of(registry: Registry, route_name: str, method: str) -> tuple[Success, Refusals] | None:
    for service in registry.cornice_services.values():
        if service.name == route_name and isinstance(service, Service):
            for defined, view, arguments in service.definitions:
                validator = validator_of(arguments)
                if defined == method and validator is not None:
                    refusals = refusals_of(registry, service, view, validator, arguments["permission"])
                    return success_of(registry, service, validator), refusals
    return None
