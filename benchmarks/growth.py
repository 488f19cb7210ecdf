"""Does a request cost as much in a large school as in a small one? ``python -m benchmarks.growth``.

A platform for each scale, as it runs in production, on a world of its own; all on one PostgreSQL, and loaded in turn:
whatever else the machine does hits all alike. What a request costs is the milliseconds that the platform's processes
and PostgreSQL have of a processor for it. Exits with 1 if one costs over 1.3 times what it does at the smallest scale,
or a page deep in a list over 1.3 times what the first one of the same list does. What is asked only reads, so the
worlds themselves are served: the one of 5 million submissions takes 6 GB and ten minutes, once with ``--keep``.
"""

import json
import sys
from argparse import ArgumentParser, Namespace
from contextlib import ExitStack
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any, NamedTuple

from . import report
from .asking import KINDS, Callers
from .load import Requests, wrk
from .postgres import CHEAP, Server, workplace
from .report import Round, middle, say, short
from .rounds import Loaded, add_arguments, circumstances, measured
from .shape import Shape
from .systems import System, running_platform
from .world import World

FIRST, DEEP = "E3f", "E3d"
#: The first and the deep page are of one list: lists of other courses are shorter, and of other students.
ASKED = {
    **{name: KINDS[name] for name in ("E1", "E2", "E3", "E4")},
    FIRST: replace(KINDS[DEEP], title="the first page of the longest list", is_deep=False),
    DEEP: replace(KINDS[DEEP], title="its 900th page, or its last"),
}
LIMIT = 1.3
#: By request and by scale.
Found = dict[tuple[str, int], list[Round]]
#: What a platform that only reads has left in a world, with which others will begin: who is signed in, and its key.
FORGET = "TRUNCATE sessions, signing_keys CASCADE"


class Ratio(NamedTuple):
    """How many times as much as ``of`` a request costs."""

    kind: str
    scale: int
    of: str
    value: float

    def __str__(self) -> str:
        return f"{self.kind} with {self.scale:,} submissions costs {self.value:.2f} of {self.of}"


def cost_ms(rounds: list[Round]) -> float:
    return middle(rounds, lambda one: one.system_ms + one.postgres_ms)


def ratios(found: Found) -> list[Ratio]:
    """To the smallest scale; of deep pages to the first one too."""
    smallest, made = min(scale for _, scale in found), []
    for (kind, scale), rounds in found.items():
        if scale != smallest:
            value = cost_ms(rounds) / cost_ms(found[kind, smallest])
            made.append(Ratio(kind, scale, f"what it does with {smallest:,}", value))
        if kind == DEEP:
            made.append(Ratio(kind, scale, "the first page", cost_ms(rounds) / cost_ms(found[FIRST, scale])))
    return made


def table(found: Found) -> str:
    smallest = min(scale for _, scale in found)
    head = ["", "submissions", "requests a second", "ms of a processor: system + PostgreSQL", "p50, ms"]
    told: dict[tuple[str, int], list[str]] = {key: [] for key in found}
    for ratio in ratios(found):
        against = "the first page" if ratio.of == "the first page" else f"{smallest:,}"
        told[ratio.kind, ratio.scale].append(f"{ratio.value:.2f} of {against}")

    def line(kind: str, scale: int) -> list[str]:
        rounds = found[kind, scale]
        costs = [short(middle(rounds, value)) for value in (lambda one: one.system_ms, lambda one: one.postgres_ms)]
        figures = [short(report.per_s(rounds)), " + ".join(costs), short(middle(rounds, lambda one: one.load.p50_ms))]
        return [f"{kind} {ASKED[kind].title}", f"{scale:,}", *figures, ", ".join(told[kind, scale])]

    return report.table([*head, "costs"], [line(*key) for key in found])


def write(given: Namespace, found: Found, about: dict[str, Any]) -> int:
    """The table, and what is over the limit. The status to exit with."""
    all_ratios, text = ratios(found), table(found)
    over = [str(ratio) for ratio in all_ratios if ratio.value > LIMIT]
    print(text)
    print("\n".join(f"- {name}: {value}" for name, value in about.items()))
    print("\n".join([f"Over {LIMIT}:", *over]) if over else f"Nothing is over {LIMIT}.")
    if given.out:
        given.out.mkdir(parents=True, exist_ok=True)
        rounds: dict[str, dict[int, Any]] = {kind: {} for kind in ASKED}
        for (kind, scale), them in found.items():
            rounds[kind][scale] = [asdict(one) for one in them]
        told = [ratio._asdict() for ratio in all_ratios]
        results = {"about": about, "rounds": rounds, "ratios": told, "over": over}
        (given.out / "growth.md").write_text(text)
        (given.out / "growth.json").write_text(json.dumps(results, indent=1, default=str))
    return 1 if over else 0


def measure(given: Namespace, folder: Path, server: Server, served: dict[int, tuple[System, World]]) -> Found:
    loaded = {}
    callers = {scale: Callers(system.url, world.password) for scale, (system, world) in served.items()}
    for name, kind in ASKED.items():
        for scale, (system, world) in served.items():
            asked = kind.prepare(world, callers[scale])
            requests = Requests(folder / f"{name}-{scale}", asked, kind.status, given.connections)
            loaded[name, scale] = Loaded(system, server, requests)
    say(f"{given.rounds} rounds of {len(loaded)} × {given.seconds:g} s …")
    return measured(loaded, given.rounds, given.seconds)


def read_arguments() -> Namespace:
    parser = ArgumentParser("python -m benchmarks.growth", description=__doc__)
    scales = "5000,500000,5000000"
    parser.add_argument("--scales", type=lambda text: sorted(map(int, text.split(","))), default=scales, help=scales)
    add_arguments(parser, seconds=3)
    return parser.parse_args()


def main() -> int:
    given = read_arguments()
    wrk()
    with ExitStack() as stack:
        folder, server = stack.enter_context(workplace("growth", given.keep))
        served = {}
        for scale in given.scales:
            say(f"A world with {scale:,} submissions …")
            database, world = server.world(Shape(scale), CHEAP)
            url = server.url_of(database)
            stack.callback(server.ask, FORGET, url=url)
            served[scale] = stack.enter_context(running_platform(folder / str(scale), url, given.processes)), world
        found = measure(given, folder, server, served)
        return write(given, found, circumstances(given, server, scales=given.scales))


if __name__ == "__main__":
    sys.exit(main())
