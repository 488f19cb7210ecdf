"""Sends bad input, judges the answers, and counts."""

import random
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from courseplatform.openapi.promises import check_answer
from tests.contracts.bad_input.addresses import bad_paths, bad_queries
from tests.contracts.bad_input.bodies import bad_bodies
from tests.contracts.bad_input.calls import Bad, send
from tests.contracts.bad_input.forms import bad_forms
from tests.contracts.bad_input.headers import bad_headers
from tests.contracts.bad_input.operations import OUT_OF_REACH, Operation, Operations
from tests.contracts.matrix import PROTOCOL
from tests.contracts.own_world import taken_back
from tests.contracts.stage import hash_of_rows

#: What can be wrong with an answer, in the order of the report.
WRONGS = ("server error", "echo", "changed row", "accepted", "not declared")


@dataclass(frozen=True)
class Wrong:
    what: str
    operation: str
    bad: Bad
    told: str

    def __str__(self) -> str:
        call = self.bad.call
        head = f"{call.method} {call.path}?{call.query} {str(call.headers)[:200]} {call.content_type[:80]}"
        sent = f"{head} {(call.body or b'')[:300]!r}"
        return f"{self.what}: {self.operation}, {self.bad.kind} {self.bad.label}\n  {sent[:900]}\n  → {self.told[:900]}"


class Probe:
    """``tried``: how often by kind; ``answers``: how often by class of status; ``wrongs``: what was found."""

    def __init__(self, operations: Operations, seed: int = 0) -> None:
        self.operations, self.seed = operations, seed
        self.world, self.connection = operations.world, operations.connection
        self.app = self.world.client.app
        self.tried: Counter[str] = Counter()
        self.answers: Counter[int] = Counter()
        self.wrongs: list[Wrong] = []
        self.before = hash_of_rows(self.connection)

    def corpus(self, operation: Operation) -> Iterator[Bad]:
        rng = random.Random(f"{self.seed} {operation.name}")
        yield from bad_bodies(operation, rng)
        yield from bad_forms(operation, rng)
        yield from bad_paths(operation, self.world)
        yield from bad_queries(operation)
        yield from bad_headers(operation)

    def sample(self, operation: Operation, of_each_kind: int) -> list[Bad]:
        """Some of each kind, others for each seed and operation."""
        by_kind: dict[str, list[Bad]] = {}
        for bad in self.corpus(operation):
            by_kind.setdefault(bad.kind, []).append(bad)
        rng = random.Random(f"{self.seed} {operation.name} sample")
        return [bad for some in by_kind.values() for bad in rng.sample(some, min(of_each_kind, len(some)))]

    def try_all(self, operation: Operation, bads: Any) -> None:
        for bad in bads:
            self.tried[bad.kind] += 1
            with taken_back(self.connection):
                for what, told in self.faults(operation, bad):
                    self.wrongs.append(Wrong(what, operation.name, bad, told))

    def faults(self, operation: Operation, bad: Bad) -> Iterator[tuple[str, str]]:
        """What is wrong with the answer, each with what was told."""
        try:
            response = send(self.app, bad.call, self.world.actors[operation.letter].token)
        except Exception as error:  # of whatever kind, which a server would make a 500 of
            self.answers[5] += 1
            yield "server error", repr(error)
            return
        status = response.status_int
        self.answers[status // 100] += 1
        body = response.body.decode("utf-8", "replace")
        told = f"{status} {body}"
        if status >= 500:
            yield "server error", told
        if status < 400:
            if bad.call.method != "GET":
                self.world.restore_files()
            if bad.is_refused and status < 300:
                yield "accepted", told
        else:
            heads = "\n".join(f"{name}: {value}" for name, value in response.headerlist)
            if bad.marker and bad.marker.lower() in f"{body}\n{heads}".lower():
                yield "echo", f"{told}\n{heads}"
            if hash_of_rows(self.connection) != self.before:
                yield "changed row", told
            is_protocol = operation.path.removeprefix("/api") in PROTOCOL
            if response.content_type not in ("application/problem+json", *["application/json"] * is_protocol):
                yield "not declared", f"{response.content_type} {told}"
        try:
            check_answer(self.world.client.registry, bad.call.method, operation.base.path, response)
        except AssertionError as error:
            if bad.kind != "path":  # which may be another operation's
                yield "not declared", f"{error} {told}"

    def counts(self) -> Counter[str]:
        return Counter(wrong.what for wrong in self.wrongs)

    def report(self) -> str:
        total, wrong = self.tried.total(), self.counts()
        failing, known = self.operations.failing(), len(self.operations.all)
        classes = ", ".join(f"{count} × {number}xx" for number, count in sorted(self.answers.items()))
        lines = [
            f"{known} operations, {known - len(failing)} with a call that succeeds",
            *(f"  not {one.name}: {one.status}, {OUT_OF_REACH.get(one.name, 'why?')}" for one in failing),
            f"{total} inputs tried: " + ", ".join(f"{count} {kind}" for kind, count in sorted(self.tried.items())),
            f"answered {classes}",
            ", ".join(f"{what}s: {wrong[what]}" for what in WRONGS),
        ]
        return "\n".join(lines)
