"""Rounds: one is loaded after the other, the rest idle. Each round begins with another: noise hits all alike."""

from argparse import ArgumentParser, Namespace
from collections.abc import Hashable, Sequence
from pathlib import Path
from typing import Any, TypeVar

from . import report
from .load import Requests
from .postgres import Server
from .processor import seconds_of
from .report import Round
from .systems import System

Key = TypeVar("Key", bound=Hashable)
Thing = TypeVar("Thing")


#: What is said of a load, on the command line and beside its results.
SAID = ("rounds", "seconds", "connections", "processes")


def add_arguments(parser: ArgumentParser, seconds: float) -> None:
    """How much is loaded, and where it is kept and written."""
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=seconds, help="of each round")
    parser.add_argument("--connections", type=int, default=16)
    parser.add_argument("--processes", type=int, default=2, help="of each system")
    parser.add_argument("--keep", type=Path, help="a folder that keeps PostgreSQL and its worlds for the next run")
    parser.add_argument("--out", type=Path, help="a folder for the results")


def circumstances(given: Namespace, server: Server, **more: Any) -> dict[str, Any]:
    """What a load was measured under."""
    about = {**report.circumstances(), "PostgreSQL": server.settings, **more}
    return about | {name: getattr(given, name) for name in SAID}


class Loaded:
    """Some requests to a system."""

    def __init__(self, system: System, server: Server, requests: Requests) -> None:
        self.system, self.server, self.requests = system, server, requests

    def spent_s(self) -> tuple[float, float]:
        return seconds_of(self.system.process_id), self.server.cpu_s

    def load(self, seconds: float) -> Round:
        before = self.spent_s()
        load = self.requests.send(self.system.url, seconds)
        if not load.requests:
            raise SystemExit(f"{self.system.name} answers nothing within {seconds} s: give it more --seconds.")
        spent = [(end - begin) / load.requests * 1e3 for begin, end in zip(before, self.spent_s(), strict=True)]
        return Round(load, *spent)


def in_turn(things: Sequence[Thing], number: int) -> list[Thing]:
    """As the round of this number has them."""
    first = number % len(things)
    return [*things[first:], *things[:first]]


def measured(loaded: dict[Key, Loaded], rounds: int, seconds: float) -> dict[Key, list[Round]]:
    """Each is warmed for half a round first."""
    found: dict[Key, list[Round]] = {key: [] for key in loaded}
    for one in loaded.values():
        one.requests.send(one.system.url, seconds / 2)
    for number in range(rounds):
        for key in in_turn(list(loaded), number):
            found[key].append(loaded[key].load(seconds))
    return found
