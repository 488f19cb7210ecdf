"""What processes have had of a processor: neither a slow client nor a busy neighbour counts."""

import os
from collections import defaultdict
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

TRIES = 10
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


def family(pids: tuple[int, ...]) -> dict[int, Process]:
    """These processes and whatever they have started."""
    known, beneath = processes(), defaultdict(list)
    for pid, process in known.items():
        beneath[process.parent].append(pid)
    found = list(pids)
    for pid in found:
        found += beneath[pid]
    return {pid: known[pid] for pid in found if pid in known}


def seconds_of(*pids: int) -> float:
    """Of all threads of these processes and of whatever they have started, also of what has ended since."""
    for _ in range(TRIES):
        before = family(pids)
        running = sum(map(running_s, before))
        if family(pids) == before:  # else one has ended meanwhile, and was counted by nobody
            break
    return running + sum(process.ended_s for process in before.values())


def running_s(pid: int) -> float:
    total = 0
    with suppress(FileNotFoundError, ProcessLookupError):  # it has just ended
        for path in Path(f"/proc/{pid}/task").glob("*/schedstat"):
            with suppress(FileNotFoundError, ProcessLookupError):  # one of its threads has
                total += int(path.read_text().split()[0])
    return total / 1e9


def parent(pid: int) -> int | None:
    """None for a process of another machine."""
    found = processes().get(pid)
    return found.parent if found else None
