"""What shared answers bring: ``python -m benchmarks.caching`` gives the figures of docs/operations/caching.md.

Anonymous visitors read a catalogue and its courses as visitors do, the first ones most (Zipf); now and then a teacher
changes a course. Milliseconds on a processor for each read, with the cache and without, and how many reads it answered.
"""

import random
import re
from argparse import ArgumentParser
from itertools import accumulate
from typing import Any

from courseplatform.testing import id_of
from tests.functional.gateway import Production
from tests.functional.platform import Caller
from tests.redis_server import RedisServer

from .costs import PASSWORD, served
from .processor import seconds_of

COURSES, LESSONS = 100, 10
LOOKUPS = re.compile(r'courseplatform_cache_lookups_total\{cache="shared",outcome="(\w+)"\} ([\d.e+]+)')


class Catalogue:
    """Published courses with lessons, their teacher, and anyone. The same reads in every run."""

    def __init__(self, platform: Production) -> None:
        person = ("--username", "root", "--email", "root@example.com", "--password", PASSWORD)
        platform.run("courseplatform", "create-admin", platform.ini, *person)
        self.anyone = Caller(platform)
        self.teacher = self.anyone.sign_in("root", PASSWORD)
        self.courses = []
        for number in range(COURSES):
            body = {"title": f"Course {number}", "description": "What it is about, in a few sentences. " * 5}
            course = f"/api/courses/{self.teacher('POST', '/api/courses/', 201, body)['id']}/"
            for lesson in range(LESSONS):
                self.teacher("POST", f"{course}lessons/", 201, {"title": f"Lesson {lesson}"})
            self.teacher("PUT", f"{course}publication/", 200)
            self.courses.insert(0, course)
        pages, url = [], "/api/courses/?limit=20&expand=teacher"
        while url:
            pages.append(url)
            url = self.anyone("GET", url, 200)["next"]
        self.choice, self.writes = random.Random(1), 0
        self.kinds: list[tuple[float, list[str], list[float]]] = [
            (0.4, pages, zipf(len(pages))),
            (0.4, [f"{course}?expand=teacher" for course in self.courses], zipf(COURSES)),
            (0.2, [f"{course}lessons/" for course in self.courses], zipf(COURSES)),
        ]

    def read(self) -> None:
        _, addresses, weights = self.choice.choices(self.kinds, [kind[0] for kind in self.kinds])[0]
        self.anyone("GET", self.choice.choices(addresses, cum_weights=weights)[0], 200)

    def write(self) -> None:
        self.writes += 1
        course = self.choice.choice(self.courses)
        self.teacher("PATCH", course, 200, {"title": f"Course {id_of(course)[-4:]}, version {self.writes}"})


def zipf(count: int) -> list[float]:
    """Cumulated weights: the n-th is asked for 1/n as often as the first."""
    return list(accumulate(1 / place for place in range(1, count + 1)))


def lookups(platform: Production, anyone: Caller) -> dict[str, float]:
    told = anyone("GET", "/metrics", 200, headers={"Authorization": f"Bearer {METRICS_TOKEN}"})
    return {outcome: float(count) for outcome, count in LOOKUPS.findall(told.decode())}


METRICS_TOKEN = "qZ7vK2mN9xR4tB6wL1pD8sF3hJ5cG0yA"


def measure(platform: Production, postmaster: int, redis: RedisServer, reads: int, every: int) -> dict[str, Any]:
    """Per read, without what the writes cost: those are timed apart and taken off."""
    world = Catalogue(platform)
    assert platform.process is not None
    assert redis.process is not None
    pid, redis_pid = platform.process.pid, redis.process.pid

    def spent() -> list[float]:
        return [seconds_of(pid), seconds_of(postmaster), seconds_of(redis_pid)]

    for _ in range(50):
        world.read()
    began, kept, writing = lookups(platform, world.anyone), spent(), [0.0] * 3
    for number in range(reads):
        if number % every == every - 1:
            before = spent()
            world.write()
            writing = [sum(parts) for parts in zip(writing, minus(spent(), before), strict=True)]
        world.read()
    costs = [value / reads * 1000 for value in minus(minus(spent(), kept), writing)]
    ended = lookups(platform, world.anyone)
    found = {name: ended.get(name, 0) - began.get(name, 0) for name in ("hit", "miss", "bypass")}
    return {"costs": costs, "hits": found["hit"] / max(sum(found.values()), 1)}


def minus(one: list[float], other: list[float]) -> list[float]:
    return [a - b for a, b in zip(one, other, strict=True)]


def main() -> None:
    parser = ArgumentParser(description=__doc__)
    parser.add_argument("--reads", type=int, default=3000)
    parser.add_argument("--every", type=int, nargs="*", default=[10, 100, 1000], help="Reads to a write.")
    options = parser.parse_args()
    print("| reads to a write | cache | answered from it | ms of a processor a read: platform | PostgreSQL | Redis |")
    print("|---|---|---|---|---|---|")
    for every in options.every:
        for is_on in ("false", "true"):
            variables = {"COURSEPLATFORM_CACHE_PUBLIC": is_on, "COURSEPLATFORM_METRICS_TOKEN": METRICS_TOKEN}
            with served(**variables) as (platform, postmaster, redis):
                found = measure(platform, postmaster, redis, options.reads, every)
            costs = " | ".join(f"{cost:.2f}" for cost in found["costs"])
            print(f"| {every} | {'on' if is_on == 'true' else 'off'} | {found['hits']:.0%} | {costs} |", flush=True)


if __name__ == "__main__":
    main()
