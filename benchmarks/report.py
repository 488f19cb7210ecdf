"""What was measured: as tables, as JSON and as a picture. Of several rounds the median counts."""

import json
import os
import platform
import subprocess
import sys
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from statistics import median
from typing import Any

from .asking import KINDS
from .load import Load
from .publishing import Publication
from .systems import PLATFORM

OURS = ("pyramid", "cornice", "sqlalchemy", "psycopg2-binary", "waitress", "orjson", "redis")
THEIRS = ("Django", "djangorestframework", "gunicorn", "fastapi", "uvicorn", "SQLAlchemy", "asyncpg", "waitress")


@dataclass(frozen=True)
class Round:
    """One repetition: the load, and what a request has cost of the system's processes and of PostgreSQL."""

    load: Load
    system_ms: float
    postgres_ms: float


#: By request, by system.
Rounds = dict[str, dict[str, list[Round]]]
Publications = dict[str, list[Publication]]


def say(line: str) -> None:
    """What is being done: beside the results, which are printed."""
    print(line, file=sys.stderr, flush=True)


def middle(rounds: list[Any], value: Callable[[Any], float]) -> float:
    return median(value(one) for one in rounds)


def per_s(rounds: list[Round]) -> float:
    return middle(rounds, lambda one: one.load.per_s)


def ratios(systems: dict[str, list[Round]]) -> dict[str, float]:
    """How many times as many requests the platform answers as each of the others."""
    if PLATFORM not in systems:
        return {}
    own = per_s(systems[PLATFORM])
    return {name: own / per_s(rounds) for name, rounds in systems.items() if name != PLATFORM}


def table(head: Iterable[str], lines: Iterable[Iterable[str]]) -> str:
    head = list(head)
    rows = [head, ["---"] * len(head), *lines]
    return "\n".join("| " + " | ".join(row) + " |" for row in rows) + "\n"


def short(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def tables(found: Rounds, published: Publications) -> str:
    names = list(dict.fromkeys(name for systems in found.values() for name in systems))
    titles = {kind: f"{kind} {KINDS[kind].title}" for kind in found}

    def lines(cell: Callable[[list[Round]], str]) -> list[list[str]]:
        return [[titles[kind], *(cell(systems[name]) for name in names)] for kind, systems in found.items()]

    def latency(rounds: list[Round]) -> str:
        return " / ".join(short(middle(rounds, value)) for value in (lambda r: r.load.p50_ms, lambda r: r.load.p99_ms))

    def cpu(rounds: list[Round]) -> str:
        return " + ".join(short(middle(rounds, value)) for value in (lambda r: r.system_ms, lambda r: r.postgres_ms))

    parts = []
    if found:
        others = [name for name in names if name != PLATFORM] if PLATFORM in names else []
        rates = [
            [*line, *(f"{ratios(found[kind])[name]:.2f}" for name in others)]
            for kind, line in zip(found, lines(lambda rounds: short(per_s(rounds))), strict=True)
        ]
        parts.append(table(["requests a second", *names, *(f"{PLATFORM} ÷ {name}" for name in others)], rates))
        parts.append(table(["p50 / p99, ms", *names], lines(latency)))
        parts.append(table(["ms of a processor: system + PostgreSQL", *names], lines(cpu)))
    if published:
        cells = {
            "answered after, ms": lambda one: one.answered_ms,
            "all are told after, s": lambda one: one.told_s,
            "s of a processor: system and workers": lambda one: one.system_s,
            "s of a processor: PostgreSQL": lambda one: one.postgres_s,
        }
        parts.append(
            table(
                ["E9 publish a lesson to everybody", *published],
                [
                    [title, *(short(middle(them, value)) for them in published.values())]
                    for title, value in cells.items()
                ],
            )
        )
    return "\n".join(parts)


def circumstances() -> dict[str, Any]:
    """Versions and the machine."""
    model = [line for line in Path("/proc/cpuinfo").read_text().splitlines() if line.startswith("model name")]
    return {
        "python": sys.version.split()[0],
        "platform": {name: version(name) for name in OURS},
        "commit": said_by("git", "rev-parse", "--short", "HEAD"),
        "machine": f"{os.cpu_count()} × {model[0].partition(': ')[2] if model else platform.machine()}",
        "system": platform.platform(),
    }


def rivals_versions() -> dict[str, str]:
    try:
        from .rivals import environment
    except ImportError:
        return {}
    asked = f"import importlib.metadata as m; print([m.version(name) for name in {THEIRS!r}])"
    told = said_by(str(environment() / "bin" / "python"), "-c", asked)
    return dict(zip(THEIRS, json.loads(told.replace("'", '"') or "[]"), strict=False))


def said_by(*command: str) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip()


def as_json(found: Rounds, published: Publications, about: dict[str, Any]) -> dict[str, Any]:
    return {
        "about": about,
        "rounds": {
            kind: {name: [asdict(one) for one in rounds] for name, rounds in systems.items()}
            for kind, systems in found.items()
        },
        "medians": {
            kind: {name: {"per_s": per_s(rounds)} for name, rounds in systems.items()}
            for kind, systems in found.items()
        },
        "ratios": {kind: ratios(systems) for kind, systems in found.items()},
        "publications": {name: [asdict(one) for one in them] for name, them in published.items()},
    }


def draw(found: Rounds, path: Path) -> None:
    """A bar for each system and request."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(1, len(found), figsize=(2.2 * len(found) + 1, 3.6), squeeze=False)
    for axis, (kind, systems) in zip(axes[0], found.items(), strict=True):
        values = [per_s(rounds) for rounds in systems.values()]
        colours = ["#c0392b" if name == PLATFORM else "#7f8c8d" for name in systems]
        bars = axis.bar(list(systems), values, color=colours)
        axis.bar_label(bars, [short(value) for value in values], fontsize=8)
        axis.set_title(f"{kind}\n{KINDS[kind].title}", fontsize=8)
        axis.tick_params(axis="x", rotation=60, labelsize=8)
        axis.tick_params(axis="y", labelsize=7)
        axis.spines[["top", "right"]].set_visible(False)
    axes[0][0].set_ylabel("requests a second")
    figure.tight_layout()
    figure.savefig(path, dpi=150)
