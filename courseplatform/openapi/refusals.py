"""Every error code that an operation can answer, by status.

Its docstring names its own (``409 ``already_published``, ``no_lessons``; 413 for a file that is too large``); what
follows from permission, schemas and method, and what plugins refuse in their subscribers, is added here.
"""

import re
from collections.abc import Iterable
from typing import Any

from pyramid.config import Configurator
from pyramid.registry import Registry
from pyramid.security import NO_PERMISSION_REQUIRED

from ..errors import HTTP_CODES
from ..resources import class_at
from ..service import Service
from ..validation import WRITES, Validator

#: Status → the code of a refusal whose docstring names none.
USUAL = {
    **HTTP_CODES,
    412: "precondition_failed",
    428: "precondition_required",
    429: "too_many_requests",
}
WORD = re.compile(r"\b([45][0-9]{2})\b|``([a-z_]+)``")

Refusals = dict[int, list[str]]


def refusals_of(registry: Registry, service: Service, view: Any, validator: Validator, permission: str) -> Refusals:
    """Status → codes, both sorted."""
    found: dict[int, set[str]] = {}
    for status, code in (
        *documented(registry, view.__doc__ or ""),
        *following(service, validator, permission),
        *restricted(registry, service, validator.method, permission),
        *added(registry, service, validator.method),
    ):
        found.setdefault(status, set()).add(code)
    return {status: sorted(found[status]) for status in sorted(found)}


def documented(registry: Registry, docstring: str) -> Iterable[tuple[int, str]]:
    """What a docstring says; a code of a plugin that is off is no code."""
    status, is_named = 0, True
    for match in WORD.finditer(docstring):
        if match[1]:
            if not is_named:
                yield status, USUAL.get(status, "bad_request")
            status, is_named = int(match[1]), False
        elif match[2] in registry["problems"] and status:
            yield status, match[2]
            is_named = True
    if not is_named:
        yield status, USUAL.get(status, "bad_request")


def following(service: Service, validator: Validator, permission: str) -> Iterable[tuple[int, str]]:
    """What every operation of this kind can answer."""
    usual = [400, 422, 500, 503]
    if validator.method != "GET":
        usual += [409, 413, 415]  # 409: a row that it needs was deleted meanwhile
        yield 400, "malformed_json"
    if validator.method in WRITES:
        usual.append(412)
    if validator.method == "POST":
        yield 409, "idempotency_key_in_use"
        yield 422, "idempotency_key_reused"
    if validator.limit is not False:
        usual.append(429)
    if validator.requires_match:
        usual.append(428)
    if not validator.has_dry_run:
        yield 422, "dry_run_unsupported"
    if "{" in service.public_path:
        usual.append(404)
    if permission != NO_PERMISSION_REQUIRED:
        usual += [401, 403]
        yield 403, "insufficient_scope"
    yield 401, "invalid_token"
    yield from ((status, USUAL[status]) for status in usual)


def restricted(registry: Registry, service: Service, method: str, permission: str) -> Iterable[tuple[int, str]]:
    """The codes of ``add_restriction`` at the node."""
    node_class = class_at(registry, service.traverse)
    for restriction in registry["restrictions"].get(permission, ()):
        if restriction.code and restriction.concerns(node_class, method):
            yield 403, restriction.code


def added(registry: Registry, service: Service, method: str) -> Iterable[tuple[int, str]]:
    for code in registry["refusals"].get((service.name, method), ()):
        yield registry["problems"][code].status or 409, code


def add_refusal(config: Configurator, service: str, methods: str | Iterable[str], code: str) -> None:
    """Say that a plugin of yours, a subscriber say, may refuse another's operation with this code.

    ``service``: the operation's service, by name. For the Swagger document; the tests' client refuses an answer that
    its operation doesn't name.
    """
    for method in (methods,) if isinstance(methods, str) else methods:
        key = (service, method.upper())
        config.action(
            ("refusal", *key, code),
            lambda key=key: config.registry["refusals"].setdefault(key, []).append(code),
        )
