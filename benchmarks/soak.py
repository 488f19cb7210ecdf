"""Does the platform's memory stay as it is? ``python -m benchmarks.soak`` loads it for ten minutes and looks.

The platform as it runs in production, with two processes, under a mix of reading, handing in and polling. Every few
seconds the memory of all its processes is looked at: what is resident (RSS, in which each counts what they share), and
their shares of it (PSS, where the system tells). Flat is what has, in the last third of the time, a median at most 5 %
above that of the middle third; in the first third caches and connections are made. Exits with 1 if it isn't.
"""

import json
import os
import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import ExitStack, nullcontext, suppress
from dataclasses import asdict, dataclass
from itertools import chain, cycle, islice
from pathlib import Path
from statistics import median
from typing import NamedTuple

from . import report
from .asking import KINDS, Callers
from .load import Load, Requests, wrk
from .postgres import CHEAP, workplace
from .processor import family
from .report import say, short
from .shape import Shape
from .systems import running_platform
from .world import World

MIXED = ("E1", "E2", "E3", "E4", "E5", "E8")
#: Of each kind, before the mix begins anew.
OF_EACH = 3_000
MINUTE_S = 60
TOLERATED_PERCENT = 5
MIB = 1 << 20
PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")


class Memory(NamedTuple):
    """``pss_bytes``: None if the system does not tell."""

    processes: int
    rss_bytes: int
    pss_bytes: int | None


@dataclass(frozen=True)
class Minute:
    load: Load
    samples: list[Memory]


def memory_of(*pids: int) -> Memory:
    """Of these processes and of whatever they have started."""
    found = []
    for pid in family(pids):
        with suppress(FileNotFoundError, ProcessLookupError):  # it has just ended
            rss_bytes = int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * PAGE_BYTES
            found.append((rss_bytes, pss_of(pid)))
    shares = [pss_bytes for _, pss_bytes in found if pss_bytes is not None]
    is_told = len(shares) == len(found)
    return Memory(len(found), sum(rss_bytes for rss_bytes, _ in found), sum(shares) if is_told else None)


def pss_of(pid: int) -> int | None:
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except PermissionError:
        return None
    return next((int(line.split()[1]) * 1024 for line in lines if line.startswith("Pss:")), None)


def rise_percent(values: list[int]) -> float:
    """By how much the median of the last third is above that of the middle one. Raises: ValueError for fewer than 3."""
    if len(values) < 3:
        raise ValueError("Three samples at least")
    third = len(values) // 3
    return (median(values[-third:]) / median(values[third:-third]) - 1) * 100


def rises(samples: list[Memory]) -> dict[str, float]:
    """In percent, by what was measured."""
    found = {"RSS": rise_percent([one.rss_bytes for one in samples])}
    shares = [one.pss_bytes for one in samples if one.pss_bytes is not None]
    return found | ({"PSS": rise_percent(shares)} if len(shares) == len(samples) else {})


def table(minutes: list[Minute]) -> str:
    head = ["minute", "requests a second", "p50 / p99, ms", "processes", "RSS, MiB", "PSS, MiB"]

    def middle(samples: Iterable[Memory], value: Callable[[Memory], int | None]) -> str:
        known = [found for found in map(value, samples) if found is not None]
        return short(median(known) / MIB) if known else "?"

    def line(number: int, minute: Minute) -> list[str]:
        load, samples = minute.load, minute.samples
        latency = f"{short(load.p50_ms)} / {short(load.p99_ms)}"
        memory = [middle(samples, lambda one: one.rss_bytes), middle(samples, lambda one: one.pss_bytes)]
        return [str(number), short(load.per_s), latency, str(max(one.processes for one in samples)), *memory]

    return report.table(head, [line(number, minute) for number, minute in enumerate(minutes, 1)])


def mix(world: World, callers: Callers) -> list[bytes]:
    """One of each kind after the other."""
    kinds = [islice(cycle(KINDS[name].prepare(world, callers)), OF_EACH) for name in MIXED]
    return list(chain.from_iterable(zip(*kinds, strict=True)))


def soak(given: Namespace, url: str, requests: Requests, pids: list[int]) -> list[Minute]:
    minutes = []
    with ThreadPoolExecutor(1) as pool:
        for number in range(given.minutes):
            loading, samples = pool.submit(requests.send, url, MINUTE_S), []
            while not loading.done():
                samples.append(memory_of(*pids))
                wait([loading], timeout=given.every)
            minutes.append(Minute(loading.result(), samples))
            say(f"{number + 1} of {given.minutes} minutes: {samples[-1].rss_bytes / MIB:.0f} MiB …")
    return minutes


def write(given: Namespace, minutes: list[Minute]) -> int:
    """The table, and whether it is flat. The status to exit with."""
    found = rises([one for minute in minutes for one in minute.samples])
    is_flat = max(found.values()) <= TOLERATED_PERCENT
    print(table(minutes))
    told = ", ".join(f"{name} {percent:+.1f} %" for name, percent in found.items())
    print(f"The last third against the middle one: {told}. {'Flat' if is_flat else 'Not flat'}.")
    if given.out:
        given.out.mkdir(parents=True, exist_ok=True)
        about = {**report.circumstances(), **{name: str(value) for name, value in vars(given).items()}}
        told_minutes = [
            {"load": asdict(minute.load), "samples": [one._asdict() for one in minute.samples]} for minute in minutes
        ]
        results = {"about": about, "minutes": told_minutes, "rise_percent": found, "is_flat": is_flat}
        (given.out / "soak.json").write_text(json.dumps(results, indent=1))
    return 0 if is_flat else 1


def read_arguments() -> Namespace:
    parser = ArgumentParser("python -m benchmarks.soak", description=__doc__.replace("%", "%%"))
    parser.add_argument("--minutes", type=int, default=10)
    parser.add_argument("--every", type=float, default=5, help="how many seconds there are between two looks")
    parser.add_argument("--connections", type=int, default=8, help="of the load: there is no pause on any of them")
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--workers", action="store_true", help="have workers do the jobs, and count their memory too")
    parser.add_argument("--scale", type=int, default=5_000, help="how many submissions there are")
    parser.add_argument("--keep", type=Path, help="a folder that keeps PostgreSQL and the world for the next run")
    parser.add_argument("--out", type=Path, help="a folder for soak.json, with all that was seen")
    return parser.parse_args()


def main() -> int:
    given = read_arguments()
    wrk()
    with ExitStack() as stack:
        folder, server = stack.enter_context(workplace("soak", given.keep))
        say(f"The world, with {given.scale:,} submissions …")
        template, world = server.world(Shape(given.scale), CHEAP)
        url = server.make("soak", template)
        system = stack.enter_context(running_platform(folder / "platform", url, given.processes))
        asked = mix(world, Callers(system.url, world.password))
        # Some are answered 201 and some 304: all that is below 400 is right.
        requests = Requests(folder / "mix", asked, 200, given.connections)
        workers = stack.enter_context(system.working() if given.workers else nullcontext([]))
        return write(given, soak(given, system.url, requests, [system.process_id, *workers]))


if __name__ == "__main__":
    sys.exit(main())
