"""``/metrics``: who may read it, and what it says of jobs."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families

from courseplatform.jobs import MAX_ATTEMPTS, OutboxJob
from courseplatform.testing import Client, make_app, rolled_back

from . import sandbox_jobs

TOKEN = "q9Zr2Xw7Lm4Tb8Ks1Vn6Hc3Jd5Gf0PaYe"
SCRAPER = {"Authorization": f"Bearer {TOKEN}"}


@pytest.fixture(scope="module")
def app(database_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    plugins = "tests.core.sandbox"
    var_dir: Path = tmp_path_factory.mktemp("metrics")
    app = make_app(database_url, var_dir, **{"metrics.token": TOKEN, "courseplatform.plugins": plugins})
    yield app
    app.registry["db.engine"].dispose()


@pytest.fixture
def scraped(app: Any) -> Iterator[Client]:
    with rolled_back(app) as (client, _):
        yield client


def figures(client: Client) -> dict[tuple[Any, ...], float]:
    text = client.get("/metrics", headers=SCRAPER).text
    samples = (sample for family in text_string_to_metric_families(text) for sample in family.samples)
    return {(sample.name, *sample.labels.values()): sample.value for sample in samples}


def test_without_a_token_in_the_settings_there_are_no_metrics(client: Client) -> None:
    assert client.get("/metrics", status=404, headers=SCRAPER).json["code"] == "not_found"


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Authorization": f"Bearer {TOKEN}x"},
        {"Authorization": TOKEN},
        {"Authorization": f"Basic {TOKEN}"},
        {"Authorization": f"Bearer {TOKEN[:-1]}"},
        {"Authorization": "Bearer"},
        {"Authorization": "Bearer \xff"},
    ],
)
def test_whoever_has_not_the_token_reads_no_metrics(headers: dict[str, str], scraped: Client) -> None:
    assert scraped.get("/metrics", status=401, headers=headers).json["code"] == "unauthenticated"


def test_jobs_are_counted_by_state_and_the_oldest_says_how_late_all_are(scraped: Client) -> None:
    sandbox_jobs.CALLS.clear()
    with scraped.script() as request:
        request.enqueue(sandbox_jobs.write_row, name="done")
    scraped.run_jobs()
    with scraped.script() as request:
        request.enqueue(sandbox_jobs.fail, name="failing")
    scraped.run_jobs()
    with scraped.script() as request:
        request.enqueue(sandbox_jobs.tick)
    scraped.clock.move(seconds=90)
    told = figures(scraped)
    assert told["courseplatform_jobs", "waiting"] == 1
    assert told["courseplatform_jobs", "failing"] == 1
    assert told["courseplatform_jobs", "dead"] == 0
    assert 88 <= told["courseplatform_job_lag_seconds",] <= 95
    name = "tests.core.sandbox_jobs.write_row"
    assert told["courseplatform_jobs_done", name] == 1
    assert 0 <= told["courseplatform_job_duration_seconds", name, "0.95"] < 5
    assert 0 <= told["courseplatform_job_delay_seconds", name, "1.0"] < 5
    for _ in range(MAX_ATTEMPTS):
        scraped.run_jobs()
        scraped.clock.move(seconds=601)
    told = figures(scraped)
    assert told["courseplatform_jobs", "dead"] == 1
    assert told["courseplatform_job_lag_seconds",] == 0


def test_the_duration_of_a_job_is_not_its_delay(scraped: Client) -> None:
    with scraped.script() as request:
        for number in range(21):
            seconds = {"due_at": 100 + number, "started_at": 10 + number, "done_at": 10}
            times = {name: request.now - timedelta(seconds=ago) for name, ago in seconds.items()}
            request.db.add(OutboxJob(name="a", arguments={}, created_at=request.now, **times))
        times = {"created_at": request.now, "due_at": request.now, "done_at": request.now - timedelta(seconds=301)}
        request.db.add(OutboxJob(name="b", arguments={}, started_at=times["done_at"], **times))
        times["done_at"] = request.now  # by the release before this one, which did not note when it began
        request.db.add(OutboxJob(name="c", arguments={}, **times))
    told = figures(scraped)
    assert {key: value for key, value in told.items() if key[0] == "courseplatform_jobs_done"} == {
        ("courseplatform_jobs_done", "a"): 21
    }
    for quantile, duration_s in (("0.5", 10), ("0.95", 19), ("1.0", 20)):
        assert told["courseplatform_job_duration_seconds", "a", quantile] == pytest.approx(duration_s)
        assert told["courseplatform_job_delay_seconds", "a", quantile] == pytest.approx(duration_s + 90)
