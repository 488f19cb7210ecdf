"""Prometheus with ``deploy/prometheus`` watches a platform of two processes, and the dashboards ask it."""

import json
import math
import re
import tempfile
from collections.abc import Iterator
from itertools import cycle
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from prometheus_client.multiprocess import mark_process_dead

from courseplatform import migrations
from courseplatform.testing import Client, fresh_database, make_app
from plugins.accounts.testing import PASSWORD, Actor, make_user
from tests.factories.assignments import make_assignment
from tests.factories.courses import id_of, make_course
from tests.factories.lessons import make_lesson
from tests.functional import prometheus
from tests.functional.gateway import METRICS_TOKEN, Production
from tests.functional.platform import ROOT, Caller
from tests.functional.prometheus import Prometheus
from tests.redis_server import BINARY as REDIS
from tests.redis_server import RedisServer

pytestmark = pytest.mark.skipif(not (prometheus.BINARY and REDIS), reason="there is no prometheus, or no redis-server")

DASHBOARDS = sorted((ROOT / "deploy/grafana/dashboards").glob("*.json"))
#: Panels without data as long as nothing has gone wrong that did not go wrong here.
UNEVENTFUL = {"Retries"}
STUDENTS = 6


class Watched:
    """Two processes that count together; ``prometheus`` asks the first alone."""

    def __init__(self, world: Client, processes: list[Production], counts: Path, watcher: Prometheus) -> None:
        self.world, self.processes, self.counts, self.prometheus = world, processes, counts, watcher

    def turns(self, actor: Actor | None = None) -> Iterator[Caller]:
        """One who calls the processes in turn."""
        return cycle([Caller(process, actor.token if actor else None) for process in self.processes])


@pytest.fixture(scope="module")
def watched(server_url: str) -> Iterator[Watched]:
    made = tempfile.TemporaryDirectory(prefix="courseplatform-watched-", ignore_cleanup_errors=True)
    with made as name, fresh_database(server_url) as url:
        folder = Path(name)
        app = make_app(url, folder / "var")
        migrations.migrate_all(url, app.registry["migrations"])
        counts, redis = folder / "counts", RedisServer(folder)
        counts.mkdir()
        variables = {
            "PROMETHEUS_MULTIPROC_DIR": str(counts),
            "REDIS_URL": redis.url,
            "COURSEPLATFORM_JOBS_IN_PROCESS": "false",
            "COURSEPLATFORM_LIMITS_EXPORT": "1/hour",
            "COURSEPLATFORM_ACCOUNTS_REQUIRE_VERIFIED_EMAIL": "false",
        }
        running: list[Any] = []
        try:
            redis.start()
            processes = []
            for number in ("one", "two"):
                (folder / number).mkdir()
                processes.append(Production(folder / number, url, **variables))
                running.append(processes[-1])
                processes[-1].start()
            watcher = Prometheus(folder / "prometheus", f"127.0.0.1:{processes[0].port}", METRICS_TOKEN)
            running.append(watcher)
            watcher.start()
            watcher.wait_for(lambda: len(watcher.ask("query", query="up == 1")["result"]) == 2)
            yield Watched(Client(app), processes, counts, watcher)
        finally:
            for one in reversed(running):
                one.stop()
            redis.kill()
            app.registry["db.engine"].dispose()


@pytest.fixture(scope="module")
def traffic(watched: Watched) -> Watched:
    """What a school does in a day, spread over both processes."""
    world, anybody = watched.world, watched.turns()
    teacher = make_user(world, "teacher", username="tamara")
    course = make_course(world, teacher, title="Algebra")
    lesson = make_lesson(world, course)
    assignment = make_assignment(world, lesson)
    teaching = watched.turns(teacher)
    for number in range(STUDENTS):
        learning = watched.turns(make_user(world))
        for _ in range(number % 2):
            next(learning)
        next(learning)("PUT", f"{course}enrollments/me/", 201)
        handed_in = {"text": "My work"}, {"Idempotency-Key": f"the-work-of-{number}"}
        for _ in range(2 if number == 0 else 1):
            work = next(learning)("POST", f"{assignment}submissions/", 201, handed_in[0], headers=handed_in[1])
        grade = f"{assignment}submissions/{work['id']}/grade/"
        next(teaching)("PUT", grade, 200, {"grade": 90}, headers={"If-Match": "*"})
        if number == 0:
            next(learning)("PUT", f"{lesson}completion/", 200)  # and so earns the certificate
            next(teaching)("PUT", grade, 200, {"grade": 95, "reason": "Overlooked"}, headers={"If-Match": "*"})
        if number == STUDENTS - 1:
            next(learning)("DELETE", f"{course}enrollments/me/", 204)
    caller = next(anybody)
    caller("GET", "/api/problems/", 200)
    caller("GET", "/api/problems/", 304, headers={"If-None-Match": caller.etag})
    for password, status in ((PASSWORD, 200), ("a wrong passphrase", 401), ("another wrong one", 401)):
        next(anybody)("POST", "/api/auth/login/", status, {"username": "tamara", "password": password})
    for status in (200, 429):
        Caller(watched.processes[0], teacher.token)("GET", "/api/users/me/export/", status)
    with world.registry["db.engine"].begin() as other:  # somebody holds the course's row for too long
        other.execute(sa.text("SELECT 1 FROM courses WHERE id = :id FOR UPDATE"), {"id": id_of(course)})
        next(teaching)("PATCH", course, 503, {"title": "Algebra II"}, headers={"If-Match": "*"})
    world.clock.move(seconds=300)  # they are in Redis: by now the scheduler would push them once more
    world.run_jobs()
    world.clock.move(seconds=-300)
    for _ in range(2):  # what was all there at the first look has no rate
        watched.prometheus.wait_for_scrapes(2)
        next(teaching)("GET", course, 200)
        next(teaching)("GET", course, 200)
    watched.prometheus.wait_for_scrapes(2)
    return watched


def test_the_targets_are_up_and_a_stranger_is_not_told(watched: Watched) -> None:
    targets = watched.prometheus.ask("targets")["activeTargets"]
    assert {one["labels"]["job"]: one["health"] for one in targets} == {"courseplatform": "up", "prometheus": "up"}
    assert all(not one["lastError"] for one in targets)
    Caller(watched.processes[0])("GET", "/metrics", 401)


def test_the_rules_are_loaded_and_the_alerts_know_where_to_go(watched: Watched) -> None:
    groups = watched.prometheus.ask("rules")["groups"]
    rules = [rule for group in groups for rule in group["rules"]]
    assert {rule["health"] for rule in rules} == {"ok"}
    assert {rule["type"] for rule in rules} == {"recording", "alerting"}
    known = watched.prometheus.ask("alertmanagers")["activeAlertmanagers"]
    assert [one["url"] for one in known] == ["http://alertmanager:9093/api/v2/alerts"]


def test_either_process_answers_for_both(traffic: Watched) -> None:
    ask = traffic.prometheus.value
    work = 'route=~"/api/courses/.*/submissions/",method="POST",plugin="plugins.submissions"'
    assert ask(f'courseplatform_requests_total{{{work},status="201"}}') == STUDENTS + 1  # one was sent twice
    assert ask(f"courseplatform_request_duration_seconds_count{{{work}}}") == STUDENTS + 1
    assert ask(f'courseplatform_request_duration_seconds_bucket{{{work},le="+Inf"}}') == STUDENTS + 1
    assert 3 < ask(f"courseplatform_request_sql_statements_total{{{work}}}") / (STUDENTS + 1) < 30
    seconds = [
        ask(f"courseplatform_request_{name}{{{work}}}") for name in ("sql_seconds_total", "duration_seconds_sum")
    ]
    assert 0 < seconds[0] < seconds[1]
    assert ask("courseplatform_database_connections_limit") == 2 * (8 + 4)
    assert 2 <= ask("courseplatform_database_connections_open") <= 24
    texts = [
        Caller(process)("GET", "/metrics", 200, headers={"Authorization": f"Bearer {METRICS_TOKEN}"}).decode()
        for process in traffic.processes
    ]
    for told in texts:
        assert f"courseplatform_submissions_total {STUDENTS}.0" in told


def test_what_the_school_has_done_is_counted_once_and_what_repeats_it_is_not(traffic: Watched) -> None:
    ask, told = traffic.prometheus.value, traffic.prometheus.values
    assert ask("courseplatform_enrollments_total") == STUDENTS
    assert ask('courseplatform_enrollments_ended_total{status="dropped"}') == 1
    assert ask("courseplatform_submissions_total") == STUDENTS
    assert told("sum by (is_first) (courseplatform_grades_total)") == {
        (("is_first", "true"),): STUDENTS,
        (("is_first", "false"),): 1,
    }
    assert ask("courseplatform_certificates_issued_total") == 1
    assert ask("courseplatform_certificates_revoked") == 0


def test_refusals_sign_ins_caches_and_failures_are_counted(traffic: Watched) -> None:
    ask = traffic.prometheus.value
    assert ask('courseplatform_sign_ins_total{outcome="signed_in"}') == 1
    assert ask('courseplatform_sign_ins_total{outcome="refused"}') == 2
    assert ask('courseplatform_rate_limit_refusals_total{limit="export"}') == 1
    assert ask('courseplatform_cache_lookups_total{cache="clients",outcome="hit"}') == 1
    assert ask('courseplatform_cache_lookups_total{cache="kept_answers",outcome="hit"}') == 1
    assert ask('courseplatform_cache_lookups_total{cache="tokens",outcome="hit"}') >= STUDENTS
    assert ask('courseplatform_cache_lookups_total{cache="tokens",outcome="miss"}') <= 2 * (STUDENTS + 1)
    assert ask('courseplatform_database_failures_total{kind="lock_timeout"}') == 1


def test_no_figure_has_anything_that_a_client_sent(traffic: Watched) -> None:
    series = traffic.prometheus.ask("series", **{"match[]": '{job="courseplatform"}'})
    values = {value for one in series for name, value in one.items() if name not in ("job", "instance", "__name__")}
    assert not [value for value in values if "tamara" in value or re.search(r"[0-9a-f]{8}-[0-9a-f]{4}", value)]
    assert len(series) < 2_000


def test_every_figure_on_the_page_is_there(traffic: Watched) -> None:
    page = (ROOT / "docs/operations/monitoring.md").read_text()
    rows = re.findall(r"^\| (`courseplatform_.*?) \|", page, re.MULTILINE)
    written = {name.partition("{")[0] for row in rows for name in re.findall(r"`(courseplatform_[^`]+)`", row)}
    there = set(traffic.prometheus.ask("label/__name__/values"))
    assert written - there == {"courseplatform_request_retries_total"}


@pytest.mark.parametrize("path", DASHBOARDS, ids=lambda path: path.stem)
def test_every_query_of_a_dashboard_is_valid_and_gives_data(path: Path, traffic: Watched) -> None:
    for panel in json.loads(path.read_text())["panels"]:
        for target in panel["targets"]:
            query = target["expr"].replace("$__rate_interval", "1m")
            assert "$" not in query, panel["title"]
            found = traffic.prometheus.ask("query", query=query)["result"]
            assert found or panel["title"] in UNEVENTFUL, f"{path.stem}, {panel['title']}: no data of {query}"
            values = [float(one["value"][1]) for one in found]
            assert not values or not all(map(math.isnan, values)), panel["title"]


def test_a_process_that_has_ended_takes_its_connections_along_and_leaves_its_counts(traffic: Watched) -> None:
    _, second = traffic.processes
    assert second.process is not None
    process_id = second.process.pid
    second.stop()
    mark_process_dead(process_id, str(traffic.counts))  # as whoever keeps the processes does
    traffic.prometheus.wait_for_scrapes(1)
    assert traffic.prometheus.value("courseplatform_database_connections_limit") == 8 + 4
    assert traffic.prometheus.value("courseplatform_submissions_total") == STUDENTS
