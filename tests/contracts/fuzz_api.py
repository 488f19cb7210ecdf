"""Sends every operation of the document what schemathesis makes of it, and holds the answers to the document.

``python -m tests.contracts.fuzz_api --minutes 10`` tries all bounds, then goes round until the time is up, with other
values each round. It tells what it finds; ``--seed N`` begins with round N, ``--only get_course`` tries one operation.
"""

import argparse
import itertools
import re
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any

import hypothesis
import schemathesis
import sqlalchemy as sa
from hypothesis import strategies as st
from requests.structures import CaseInsensitiveDict
from schemathesis import GenerationMode
from schemathesis.core.parameters import ParameterLocation
from schemathesis.specs.openapi import checks

from courseplatform.openapi.promises import check_answer
from tests.contracts.own_world import own_world, taken_back

CHECKS = [
    schemathesis.checks.not_a_server_error,
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_headers_conformance,
    checks.response_schema_conformance,
    checks.negative_data_rejection,
]
MODES = (GenerationMode.POSITIVE, GenerationMode.NEGATIVE)

#: A path with the world's placeholders, and the letter of an actor.
Scene = tuple[str, str]


class Fuzz:
    """``found``: what was wrong, as text. ``answers``: how often each operation answered with a class of statuses."""

    def __init__(self, world: Any, connection: sa.Connection) -> None:
        from tests.contracts.matrix import MATRIX, shape  # not earlier: it asks which plugins are on
        from tests.contracts.world import ACTORS

        self.world, self.connection, self.shape = world, connection, shape
        self.rows, self.actors = MATRIX, ACTORS
        known = sorted({value for value in world.ids.values() if re.fullmatch(r"[0-9a-f-]{36}", value)})
        schemathesis.openapi.format("uuid", st.sampled_from(known) | st.uuids().map(str))
        self.app = self.from_here(world.client.app)
        self.schema = schemathesis.openapi.from_dict(without_security(world.client.get("/api/openapi.json").json))
        self.found: list[str] = []
        self.answers: dict[str, Counter[int]] = {}

    @staticmethod
    def from_here(app: Any) -> Any:
        """The application for calls of one's own machine; an answer's file is closed, which schemathesis leaves."""

        def served(environ: dict[str, Any], start: Any) -> list[bytes]:
            answer = app({**environ, "REMOTE_ADDR": "127.0.0.1"}, start)
            try:
                return [b"".join(answer)]
            finally:
                getattr(answer, "close", bool)()

        return served

    def operations(self, only: str = "") -> Iterator[Any]:
        for result in self.schema.get_all_operations():
            operation = result.ok()
            if only in ("", operation.definition.raw["operationId"]):
                yield operation

    def round(self, examples: int, seed: int = 0, only: str = "", until: float | None = None) -> None:
        """Try every operation with valid and with invalid input."""
        for operation in self.operations(only):
            for mode in MODES:
                if until is None or time.monotonic() < until:
                    self.try_operation(operation, mode, examples, seed)

    def try_operation(self, operation: Any, mode: GenerationMode, examples: int, seed: int) -> None:
        @hypothesis.seed(seed)
        @hypothesis.settings(
            max_examples=examples,
            database=None,
            deadline=None,
            phases=[hypothesis.Phase.generate],
            suppress_health_check=list(hypothesis.HealthCheck),
        )
        @hypothesis.given(operation.as_strategy(generation_mode=mode), self.scene_of(operation))
        def attempt(case: Any, scene: Scene) -> None:
            self.dress(case, *scene)
            self.send(case)

        with self.noted(f"{operation.label} (seed {seed})"):
            attempt()

    @contextmanager
    def noted(self, label: str) -> Iterator[None]:
        try:
            yield
        except hypothesis.errors.Unsatisfiable:
            pass  # there is no invalid input for an operation that takes none
        except (Exception, BaseExceptionGroup) as error:
            self.found.append(f"{label}: {told(error)}")
            print(self.found[-1], end="\n\n", flush=True)

    def scenes(self, operation: Any) -> tuple[list[Scene], list[Scene]]:
        """Addresses of the world with their callers: those who may, and all."""
        own = operation.path.removeprefix("/api")
        rows = [row for row in self.rows if row.method == operation.method.upper()]
        like_it = re.compile(re.sub(r"\{\w+\}", r"[^/]+", own))
        here = [row for row in rows if self.shape(row.path) == self.shape(own)]
        here = here or [row for row in rows if like_it.fullmatch(row.path.partition("?")[0])]
        allowed, anyone = [], []
        for row in here:
            for letter, status in zip(self.actors, row.statuses, strict=True):
                anyone.append(scene := (row.path.partition("?")[0], letter))
                if status < 400:
                    allowed.append(scene)
        anyone = anyone or [("", letter) for letter in self.actors]
        return allowed or anyone, anyone

    def scene_of(self, operation: Any) -> st.SearchStrategy[Scene]:
        """Mostly one of those who may: else input would be refused unseen."""
        allowed, anyone = map(st.sampled_from, self.scenes(operation))
        return st.one_of(allowed, allowed, allowed, anyone)

    def try_boundaries(self, operation: Any) -> None:
        """Each parameter and field at and just beyond its bounds, one after the other."""
        allowed, _ = self.scenes(operation)
        config = self.schema.config.generation_for(operation=operation)
        made = self.schema.iter_coverage_cases(operation, generation_modes=list(MODES), generation_config=config)
        for case, scene in zip(made, itertools.cycle(allowed), strict=False):
            # It tries methods that there aren't, too; and of a form with another field it makes a form within a form.
            if case.method.upper() == operation.method.upper() and case.media_type != "multipart/form-data":
                with self.noted(f"{operation.label} (boundaries)"):
                    self.dress(case, *scene)
                    self.send(case)

    def dress(self, case: Any, place: str, letter: str) -> None:
        """Give it its caller, its place, the extensions there are, and the ETag."""
        wrong = {where for where, made in case.meta.components.items() if made.mode is GenerationMode.NEGATIVE}
        if case.path_parameters and wrong != {ParameterLocation.PATH}:
            found = re.fullmatch(re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", case.path), self.world.fill(place, letter))
            if found is not None:
                case.path_parameters = {**case.path_parameters, **found.groupdict()}
        if case.query.get("expand") and ParameterLocation.QUERY not in wrong:
            case.query["expand"] = extensions_of(case.operation)  # its words are in its description only
        if "If-Match" in case.headers:
            case.headers["If-Match"] = "*"
        token = self.world.actors[letter].token
        if token:
            case.headers["Authorization"] = f"Bearer {token}"

    def send(self, case: Any) -> None:
        self.world.restore_files()
        with taken_back(self.connection):
            response = case.call(app=self.app)
        name = case.operation.definition.raw["operationId"]
        self.answers.setdefault(name, Counter())[response.status_code // 100] += 1
        case.validate_response(response, checks=CHECKS)
        content_type = response.headers.get("content-type", [""])[0].partition(";")[0]
        if content_type.endswith("json"):
            answer = SimpleNamespace(
                status_int=response.status_code,
                content_type=content_type,
                headers=CaseInsensitiveDict(response.headers),
                json=response.json(),
            )
            check_answer(self.world.client.registry, case.method.upper(), case.formatted_path, answer)


def extensions_of(operation: Any) -> str:
    told = next(one["description"] for one in operation.definition.raw["parameters"] if one["name"] == "expand")
    return told.rpartition("Here: ")[2].rstrip(".").replace(" ", "")


def without_security(document: dict[str, Any]) -> dict[str, Any]:
    """Who calls is ours to choose, and a good token no fault to be refused."""
    for item in document["paths"].values():
        for operation in item.values():
            if isinstance(operation, dict):
                operation.pop("security", None)
    return document


def told(error: BaseException) -> str:
    """Of schemathesis's failures with the answer, and the call to repeat it."""
    return "\n".join([f"{type(error).__name__}: {error}", *getattr(error, "__notes__", ())])


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--examples", type=int, default=10, help="of each kind, for each operation, a round")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", default="", metavar="OPERATION_ID")
    options = parser.parse_args()
    with own_world() as (world, connection):
        until = time.monotonic() + options.minutes * 60
        fuzz, seed = Fuzz(world, connection), options.seed
        for operation in fuzz.operations(options.only):
            fuzz.try_boundaries(operation)
        while time.monotonic() < until:
            fuzz.round(options.examples, seed, options.only, until)
            seed += 1
    calls = sum(sum(statuses.values()) for statuses in fuzz.answers.values())
    print(f"{calls} calls of {len(fuzz.answers)} operations, {seed - options.seed} rounds; wrong: {len(fuzz.found)}")
    return 1 if fuzz.found else 0


if __name__ == "__main__":
    sys.exit(main())
