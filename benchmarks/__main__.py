"""How fast the platform is beside what people would otherwise take: ``python -m benchmarks``.

Builds the world of ``benchmarks.shape`` in a PostgreSQL of its own (or in ``DATABASE_URL``'s, which it must be allowed
to make databases in), starts every system with two processes on a copy of it, checks that all answer the same, and
loads one after the other with wrk, the others idle. Wants wrk and redis-server: ``apt-get install wrk redis-server``.
"""

import json
from argparse import ArgumentParser, ArgumentTypeError, Namespace
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from . import report
from .asking import KINDS, Callers, compare
from .load import Requests, wrk
from .postgres import CHEAP, Server, workplace
from .publishing import publish
from .report import say
from .rounds import Loaded, add_arguments, circumstances, in_turn, measured
from .shape import Shape
from .systems import System, starters
from .world import World

PUBLISHING = "E9"


def among(known: Any) -> Any:
    """A list with commas, of these."""

    def read(text: str) -> list[str]:
        if unknown := set(text.split(",")) - set(known):
            raise ArgumentTypeError(f"{', '.join(sorted(unknown))}: choose among {', '.join(known)}")
        return text.split(",")

    return read


def read_arguments() -> Namespace:
    systems, kinds = list(starters()), [*KINDS, PUBLISHING]
    parser = ArgumentParser("python -m benchmarks", description=__doc__)
    parser.add_argument("--scale", type=int, default=Shape.submissions, help="how many submissions there are")
    parser.add_argument("--systems", type=among(systems), default=systems, help=",".join(systems))
    parser.add_argument("--requests", type=among(kinds), default=kinds, help=",".join(kinds))
    add_arguments(parser, seconds=5)
    cheap = "passwords whose hashes cost nothing, where nobody asks how fast people sign in"
    parser.add_argument("--cheap-passwords", action="store_true", help=cheap)
    parser.add_argument("--no-probe", action="store_true", help="don't ask first whether all answer right")
    return parser.parse_args()


class Bench:
    def __init__(self, given: Namespace, server: Server, world: World, systems: list[System], folder: Path) -> None:
        self.given, self.server, self.world, self.systems, self.folder = given, server, world, systems, folder
        self.callers = {system.name: Callers(system.url, world.password) for system in systems}

    def check(self) -> None:
        for name in self.given.requests:
            is_compared = name in KINDS and KINDS[name].is_compared and len(self.systems) > 1
            if is_compared and (faults := compare(KINDS[name], self.world, self.callers)):
                raise SystemExit("\n".join([f"{name}: not all answer the same", *faults[:20]]))

    def measure(self, name: str) -> dict[str, list[report.Round]]:
        kind, loaded = KINDS[name], {}
        connections = min(self.given.connections, kind.connections)
        for system in self.systems:
            asked = kind.prepare(self.world, self.callers[system.name])
            requests = Requests(self.folder / f"{name}-{system.name}", asked, kind.status, connections)
            loaded[system.name] = Loaded(system, self.server, requests)
        return measured(loaded, self.given.rounds, self.given.seconds)

    def run(self) -> tuple[report.Rounds, report.Publications]:
        found, published = {}, {}
        for name in self.given.requests:
            if name != PUBLISHING:
                say(f"{name}: {KINDS[name].title} …")
                found[name] = self.measure(name)
        if PUBLISHING in self.given.requests:
            say(f"{PUBLISHING}: publish a lesson to everybody …")
            published = {system.name: list[report.Publication]() for system in self.systems}
            for number in range(min(self.given.rounds, self.world.shape.drafts)):
                for system in in_turn(self.systems, number):
                    callers = self.callers[system.name]
                    published[system.name].append(publish(system, self.server, self.world, callers, number))
        return found, published


def write(given: Namespace, found: report.Rounds, published: report.Publications, about: dict[str, Any]) -> None:
    text = report.tables(found, published)
    print(text)
    print("\n".join(f"- {name}: {value}" for name, value in about.items()))
    if given.out:
        given.out.mkdir(parents=True, exist_ok=True)
        (given.out / "results.md").write_text(text)
        results = report.as_json(found, published, about)
        (given.out / "results.json").write_text(json.dumps(results, indent=1, default=str))
        try:
            report.draw(found, given.out / "results.png")
        except ImportError:
            say("No results.png, which wants matplotlib: pip install -e '.[bench]'")


def main() -> None:
    given = read_arguments()
    wrk()
    if not given.no_probe and len(given.systems) > 1:
        from . import probe

        say("Do all answer right? On a tiny world …")
        if probe.main():
            raise SystemExit("Not all systems answer as the platform does: nothing is measured.")
    with ExitStack() as stack:
        folder, server = stack.enter_context(workplace("bench", given.keep))
        say(f"The world, with {given.scale:,} submissions …")
        template, world = server.world(Shape(given.scale), CHEAP if given.cheap_passwords else {})
        systems = []
        for name in given.systems:
            say(f"{name} …")
            url = server.make(f"bench_{name}", template)
            systems.append(stack.enter_context(starters()[name](folder / name, url, given.processes)))
        bench = Bench(given, server, world, systems, folder)
        bench.check()
        found, published = bench.run()
        about = circumstances(given, server, rivals=report.rivals_versions(), world=world.shape)
        write(given, found, published, about)


if __name__ == "__main__":
    main()
