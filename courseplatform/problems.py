"""The catalogue of error codes: what each means, what helps, and which status it has.

A plugin declares its own with ``config.add_problems``. An error that is raised says the rest: see ``errors``.
"""

import logging
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from pyramid.config import Configurator
from pyramid.exceptions import ConfigurationError

log = logging.getLogger("courseplatform.plugins")


@dataclass(frozen=True)
class Problem:
    """An error code. ``cause``: what is the matter, and ``remedy``: what helps; sentences for people.

    ``status``: the one that this code always has. ``members``: name → meaning of what an error of this code tells
    besides; what an error tells must be named here. ``title``: made of the code unless given.
    """

    status: int | None  # None: unknown, of a code that was declared by a mere sentence
    cause: str
    remedy: str
    members: Mapping[str, str] = field(default_factory=dict)
    title: str = ""


#: What any error may tell besides: it belongs to the shape, not to a code.
EVERY = ("errors", "remedy")

PROBLEMS = {
    "bad_request": Problem(
        400,
        "The request can't be understood.",
        "Send address, query and headers as UTF-8 without control characters, and an honest Content-Length.",
    ),
    "malformed_json": Problem(
        400,
        "The body is not a JSON object, or has duplicate keys, NaN, NUL or deep nesting.",
        "Send one JSON object as UTF-8.",
    ),
    "unauthenticated": Problem(
        401, "This is for people who are signed in.", "Sign in, and send the access token as 'Authorization: Bearer …'."
    ),
    "invalid_token": Problem(
        401,
        "The access token is malformed or has expired, or its session has ended.",
        "Refresh it, or sign in again.",
    ),
    "forbidden": Problem(
        403,
        "You may see this, but not do this to it.",
        "Ask someone who may, or to be made one of them.",
        {
            "rule": "What decided: 'permission', the 'address' it was asked at, and 'decided_by' (whom or what it is "
            "denied to; null if nothing allows it); or the 'field' or 'parameter' that was sent.",
            "missing": "The roles that it takes, one of them; empty if nobody may, or no role decides.",
        },
    ),
    "insufficient_scope": Problem(
        403,
        "Its user may do this, but the token's scopes don't cover it.",
        "Ask for one of the scopes that WWW-Authenticate names; where it names none, sign in instead.",
    ),
    "not_found": Problem(
        404, "There is nothing here that you can see.", "Check the address; sign in, if it may be for some people only."
    ),
    "method_not_allowed": Problem(
        405, "This address does not support the method.", "Use one of those that the Allow header names."
    ),
    "not_acceptable": Problem(406, "Answers here are JSON.", "Accept application/json, or leave Accept out."),
    "conflict": Problem(
        409, "The present state does not allow this.", "Read what you want to change again, and decide anew."
    ),
    "precondition_failed": Problem(
        412, "The resource has changed since you read it.", "Read it again, then repeat with its new ETag."
    ),
    "payload_too_large": Problem(
        413, "The body is larger than this address accepts.", "Send less: a smaller file, or a shorter text."
    ),
    "unsupported_media_type": Problem(
        415,
        "The Content-Type is not one that this address accepts.",
        "Send application/json, application/merge-patch+json to PATCH, or multipart/form-data where files are taken.",
    ),
    "invalid": Problem(
        422, "Some fields are not valid.", "Correct what 'errors' lists: all of it, named by location and field."
    ),
    "precondition_required": Problem(
        428, "This change has to say which version it means.", "Send If-Match with the ETag that you have read."
    ),
    "too_many_requests": Problem(429, "Too many requests.", "Wait as long as Retry-After says."),
    "internal_error": Problem(
        500, "The server failed. Nothing was changed.", "Tell the operators the X-Request-ID: it is in their log."
    ),
    "unavailable": Problem(
        503,
        "The service is busy, or something that it needs can't be reached.",
        "Repeat after Retry-After seconds.",
        {"failing": "Which health checks fail, at /health/ready."},
    ),
    "dry_run_unsupported": Problem(
        422,
        "There is no dry run of this: it deals in secrets, or does what can't be taken back.",
        "Send the request without 'Prefer: dry-run', and it is done.",
    ),
}


def add_problems(config: Configurator, problems: Any) -> None:
    """Declare error codes: a mapping (or its dotted name) of code → ``Problem``."""
    for code, problem in config.maybe_dotted(problems).items():
        if isinstance(problem, str):  # until contract 2.0
            log.warning("%s declares the code %s by a sentence: give a Problem", config.package_name, code)
            problem = Problem(None, problem, "")
        if not isinstance(problem, Problem):
            raise ConfigurationError(f"add_problems: {code!r} needs a Problem(status, cause, remedy)")
        problem = replace(problem, title=problem.title or code.replace("_", " ").capitalize())
        config.action(
            ("problem", code), lambda code=code, problem=problem: config.registry["problems"].update({code: problem})
        )


def fault_of(problem: Problem | None, code: str, status: int | None, members: Mapping[str, Any]) -> str | None:
    """What is wrong with an error that is about to be answered, for its programmer; None if nothing is."""
    if problem is None:
        return f"the error code {code!r} is in no catalogue: declare it with config.add_problems"
    if problem.status is None:
        return None
    if status not in (None, problem.status):
        return f"the error code {code!r} has the status {problem.status}, and was raised with {status}"
    untold = sorted(set(members) - {*problem.members, *EVERY})
    return f"the error code {code!r} tells {', '.join(untold)}, which its Problem doesn't name" if untold else None


def includeme(config: Configurator) -> None:
    config.registry["problems"] = {}
    config.add_directive("add_problems", add_problems)
    config.add_problems(PROBLEMS)
