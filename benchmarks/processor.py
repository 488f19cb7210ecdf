"""What processes have had of a processor: neither a slow client nor a busy neighbour counts."""

import os
from collections import defaultdict
from pathlib import Path
from typing import NamedTuple

TICKS_A_SECOND = os.sysconf("SC_CLK_TCK")


class Process(NamedTuple):
    name: str
    parent: int
    #: What its children had that have ended.
    ended_s: float


def processes() -> dict[int, Process]:
    found = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            before, _, rest = path.read_text().rpartition(") ")
        except (FileNotFoundError, ProcessLookupError):  # it has just ended
            continue
        words = rest.split()
        ended_s = (int(words[13]) + int(words[14])) / TICKS_A_SECOND
        found[int(path.parent.name)] = Process(before.partition("(")[2], int(words[1]), ended_s)
    return found


def children(pid: int, name: str) -> list[int]:
    return [child for child, one in processes().items() if one.parent == pid and one.name.startswith(name)]


def seconds_of(*pids: int) -> float:
    """Of all threads of these processes and of whatever they have started, also of what has ended since."""
    known, beneath = processes(), defaultdict(list)
    for pid, process in known.items():
        beneath[process.parent].append(pid)
    family = list(pids)
    for pid in family:
        family += beneath[pid]
    return sum(known[pid].ended_s + running_s(pid) for pid in family if pid in known)


def running_s(pid: int) -> float:
    total = 0
    for path in Path(f"/proc/{pid}/task").glob("*/schedstat"):
        try:
            total += int(path.read_text().split()[0])
        except (FileNotFoundError, ProcessLookupError):
            continue
    return total / 1e9


def parent(pid: int) -> int | None:
    """None for a process of another machine."""
    found = processes().get(pid)
    return found.parent if found else None
