"""What is counted where it happens: requests, refusals, caches, connections, and whatever plugins declare."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg2
import pytest
import sqlalchemy as sa
from prometheus_client.parser import text_string_to_metric_families
from pyramid.config import Configurator

from courseplatform.metrics.requests import BUCKETS_S
from courseplatform.testing import Client, make_app
from plugins.courses.events import CoursePublished
from tests.functional.platform import free_port

from .conftest import build
from .test_metrics import SCRAPER, TOKEN

COURSE = "/api/courses/{course_id}/"
WRITES = "/api/sandbox/writes/"


@pytest.fixture
def app(database_url: str, tmp_path: Path) -> Iterator[Any]:
    """A new one for each test: its counts begin at nothing, and its pool is empty."""
    settings = {"metrics.token": TOKEN, "courseplatform.plugins": "tests.core.sandbox", "limits.reads": "3/minute"}
    made = make_app(database_url, tmp_path, **settings, **{"database.pool_size": "1", "database.pool_overflow": "1"})
    yield made
    with made.registry["db.engine"].begin() as connection:
        connection.execute(sa.text("TRUNCATE periodic_runs, kept_answers"))
    made.registry["db.engine"].dispose()


@pytest.fixture
def client(app: Any) -> Client:
    return Client(app)


class Told(dict[tuple[str, frozenset[tuple[str, str]]], float]):
    """All samples of ``/metrics``."""

    def __init__(self, client: Client) -> None:
        text = client.call("GET", "/metrics", headers=SCRAPER, status=200).text
        families = text_string_to_metric_families(text)
        samples = [sample for family in families for sample in family.samples]
        super().__init__({(one.name, frozenset(one.labels.items())): one.value for one in samples})
        assert len(self) == len(samples)

    def of(self, name: str, **labels: str) -> float:
        """The sum of all samples with at least these labels."""
        asked = set(labels.items())
        return sum(value for (known, its), value in self.items() if known == f"courseplatform_{name}" and asked <= its)


def test_requests_are_counted_by_template_method_status_and_plugin(client: Client) -> None:
    for _ in range(2):
        client.get("/api/courses/3f0c1f9e-7a44-4c55-9a68-7b9c35d2e9a1/", status=404)
    client.call("BREW", "/api/courses/", status=405)
    told = Told(client)
    assert told.of("requests_total", route=COURSE, method="GET", status="404", plugin="plugins.courses") == 2
    assert told.of("requests_total", route="/api/courses/", method="other", status="405") == 1
    assert told.of("request_sql_statements_total", route=COURSE) >= 2
    assert 0 < told.of("request_sql_seconds_total", route=COURSE) < told.of("request_duration_seconds_sum")
    assert "3f0c1f9e" not in str(told)


def test_durations_are_in_buckets_from_five_milliseconds_to_ten_seconds(client: Client) -> None:
    client.get("/api/")
    told = Told(client)
    bounds = {dict(labels)["le"] for name, labels in told if name == "courseplatform_request_duration_seconds_bucket"}
    assert bounds == {*map(str, BUCKETS_S), "+Inf"}
    assert (BUCKETS_S[0], BUCKETS_S[-1]) == (0.005, 10.0)
    assert told.of("request_duration_seconds_bucket", route="/api/", le="+Inf") == 1


def test_retries_are_counted_beside_the_one_request(client: Client) -> None:
    client.registry["sandbox.attempts"] = 0
    client.post("/api/sandbox/deadlock/", status=200)
    told = Told(client)
    assert told.of("requests_total", route="/api/sandbox/deadlock/") == 1
    assert told.of("request_retries_total", route="/api/sandbox/deadlock/") == 1
    assert told.of("database_failures_total", kind="conflict") == 1


def test_refusals_of_a_limit_are_counted_by_its_name(client: Client) -> None:
    statuses = [client.get("/api/", status="*").status_int for _ in range(5)]
    assert statuses == [200, 200, 200, 429, 429]
    assert Told(client).of("rate_limit_refusals_total", limit="reads") == 2


def test_what_caches_had_is_counted(client: Client) -> None:
    etag = client.get("/api/problems/").headers["ETag"]
    client.get("/api/problems/", headers={"If-None-Match": etag}, status=304)
    client.get("/api/problems/", headers={"If-None-Match": '"another"'})
    key = {"Idempotency-Key": "the-same-each-time"}
    for _ in range(3):
        client.post(WRITES, headers=key, status=200)
    told = Told(client)
    assert told.of("cache_lookups_total", cache="clients", outcome="hit") == 1
    assert told.of("cache_lookups_total", cache="clients", outcome="miss") == 1
    assert told.of("cache_lookups_total", cache="kept_answers", outcome="miss") == 1
    assert told.of("cache_lookups_total", cache="kept_answers", outcome="hit") == 2


def test_connections_are_counted_as_they_are_opened_taken_and_given_back(client: Client) -> None:
    engine = client.registry["db.engine"]
    with engine.connect(), engine.connect():
        told = counted_here(client)
        assert told == {"open": 2, "in_use": 2, "kept": 1, "limit": 2}
        client.call("GET", "/api/courses/", status=503)
    assert counted_here(client) == {"open": 1, "in_use": 0, "kept": 1, "limit": 2}
    assert Told(client).of("database_failures_total", kind="pool_timeout") == 1


def test_a_connection_that_was_cut_is_not_counted_for_ever(client: Client) -> None:
    engine = client.registry["db.engine"]
    with engine.connect() as connection:
        pid = connection.scalar(sa.text("SELECT pg_backend_pid()"))
        with engine.connect() as other:
            other.execute(sa.text("SELECT pg_terminate_backend(:pid, 5000)"), {"pid": pid})
        with pytest.raises(sa.exc.OperationalError):
            connection.execute(sa.text("SELECT 1"))
    assert counted_here(client)["in_use"] == 0
    assert counted_here(client)["open"] == engine.pool.checkedin()


def test_a_connection_that_can_not_be_opened_again_was_never_at_work(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = client.registry["db.engine"]
    engine.dispose()  # the next connection is the only one
    with engine.connect() as kept:
        process_id = kept.scalar(sa.text("SELECT pg_backend_pid()"))
    another = sa.create_engine(engine.url)
    with another.connect() as connection:
        connection.execute(sa.text("SELECT pg_terminate_backend(:id, 5000)"), {"id": process_id})
    another.dispose()

    def refuse(*_: Any, **__: Any) -> None:
        raise psycopg2.OperationalError("the server is gone")

    with monkeypatch.context() as patch:
        patch.setattr(psycopg2, "connect", refuse)
        with pytest.raises(sa.exc.OperationalError):
            engine.connect()
    assert counted_here(client)["in_use"] == 0


def counted_here(client: Client) -> dict[str, float]:
    """Of connections, without asking for a page that takes one itself."""
    prefix = "courseplatform_database_connections_"
    families = client.registry["counters"].registry.collect()
    return {one.name.removeprefix(prefix): one.samples[0].value for one in families if one.name.startswith(prefix)}


def test_without_a_database_there_are_figures_and_they_say_so(database_url: str, tmp_path: Path) -> None:
    app = build(**{"metrics.token": TOKEN, "database.url": f"postgresql://nobody@127.0.0.1:{free_port()}/nothing"})
    client = Client(app)
    client.call("GET", "/api/courses/", status=503)
    text = client.call("GET", "/metrics", headers=SCRAPER, status=200).text
    assert "courseplatform_database_up 0.0" in text
    assert counted_here(client) == {"open": 0, "in_use": 0, "kept": 0, "limit": 0}
    assert 'courseplatform_database_failures_total{kind="connection"} 1.0' in text
    assert "courseplatform_jobs{" not in text


def test_a_plugin_counts_its_events_once_they_are_committed(database_url: str, tmp_path: Path) -> None:
    def includeme(config: Configurator) -> None:
        config.add_counter("courseplatform_published", "Courses published.", of=CoursePublished)
        config.add_counter("courseplatform_tries", "Tries.", labels=("way",))

    client = Client(build(includeme, **{"database.url": database_url}))
    counters = client.registry["counters"].registry
    event = CoursePublished(course_id=None, by_user_id=None)
    with client.script() as request:
        request.emit(event)
        request.emit(event)
        request.count_now("courseplatform_tries", way="short")
        assert counters.get_sample_value("courseplatform_published_total") == 0
    assert counters.get_sample_value("courseplatform_published_total") == 2
    with pytest.raises(RuntimeError), client.script() as request:
        request.emit(event)
        request.count_now("courseplatform_tries", 2, way="long")
        raise RuntimeError
    assert counters.get_sample_value("courseplatform_published_total") == 2
    assert counters.get_sample_value("courseplatform_tries_total", {"way": "long"}) == 2
    client.registry["db.engine"].dispose()


def test_two_plugins_do_not_declare_one_counter(tmp_path: Path) -> None:
    def includeme(config: Configurator) -> None:
        config.add_counter("courseplatform_cache_lookups", "Mine.")

    with pytest.raises(Exception, match="courseplatform_cache_lookups"):
        build(includeme)


def test_two_applications_of_one_process_count_apart() -> None:
    first, second = Client(build()), Client(build())
    first.get("/health/live")
    labels = {"route": "/health/live", "method": "GET", "plugin": "core", "status": "200"}
    told = [
        one.registry["counters"].registry.get_sample_value("courseplatform_requests_total", labels)
        for one in (first, second)
    ]
    assert told == [1, None]
