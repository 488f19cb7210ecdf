"""What many do at once, with real commits: nobody who reads or is sent events ever misses one."""

import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from courseplatform.jobs import run_due_jobs
from courseplatform.testing import fresh_database, make_app
from plugins.courses.events import CourseArchived
from plugins.webhooks.jobs import number_events, send_deliveries
from plugins.webhooks.models import Delivery, DomainEvent, Webhook
from tests.plugins.webhooks.conftest import EVENTS, WEBHOOKS, School
from tests.plugins.webhooks.receiver import slowly

THREADS = 32


def emit(request: Any, school: School) -> None:
    request.emit(CourseArchived(course_id=school.course_id, by_user_id=school.owner.user_id))


class Reader:
    """Reads on from what it has, as a client would."""

    def __init__(self, school: School) -> None:
        self.school, self.after, self.ids = school, 0, []

    def read(self) -> list[int]:
        found: list[Any] = []
        path: str | None = f"{EVENTS}?after={self.after}&limit=100"
        while path:
            page = self.school.admin.get(path).json
            found += page["results"]
            path = page["next"]
        self.ids += [event["id"] for event in found]
        sequences: list[int] = [event["sequence"] for event in found]
        self.after = sequences[-1] if sequences else self.after
        return sequences


def test_an_event_that_commits_late_is_not_missed(committing_school: School) -> None:
    """It happened first, and its transaction ends after others have been read: a serial would have put it before."""
    school, reader = committing_school, Reader(committing_school)
    with school.client.script() as late:
        emit(late, school)
        late.db.flush()
        with school.client.script() as early:
            emit(early, school)
        school.run()
        assert reader.read() == [1]
        with school.client.script() as third:
            emit(third, school)
        school.run()
        assert reader.read() == [2]
    school.run()
    assert reader.read() == [3]
    assert sorted(reader.ids) == sorted(str(event.id) for event in school.log())
    first = min(school.log(), key=lambda event: event.id)
    assert first.sequence == 3, "the one that began first came last"


def test_an_event_that_commits_while_others_are_being_numbered_is_not_missed(committing_school: School) -> None:
    school, reader = committing_school, Reader(committing_school)
    school.happen()
    with school.client.script() as numbering:
        number_events(numbering)
        school.happen()  # committed after that numbering has looked, and before it is done
        assert reader.read() == []
    assert reader.read() == [1]
    school.run()
    assert reader.read() == [2]


def test_whoever_numbers_waits_for_the_others_who_do(committing_school: School) -> None:
    school, is_done = committing_school, threading.Event()
    school.happen(2)

    def number() -> None:
        with school.client.script() as request:
            number_events(request)
        is_done.set()

    with school.client.script() as request:
        number_events(request)
        other = threading.Thread(target=number)
        other.start()
        assert not is_done.wait(0.3)
    other.join(5)
    assert [event.sequence for event in school.log()] == [1, 2]


def test_of_32_at_once_with_numbering_beside_nothing_is_missed_doubled_or_skipped(committing_school: School) -> None:
    school, reader = committing_school, Reader(committing_school)
    hook = school.hook(school.admin)
    is_over, seen = threading.Event(), []

    def write(number: int) -> None:
        for _ in range(2):
            with school.client.script() as request:
                for _ in range(1 + number % 2):
                    emit(request, school)

    def read() -> None:
        while not is_over.is_set():
            seen.extend(reader.read())

    def work() -> None:
        while not is_over.is_set():
            run_due_jobs(school.client.registry, at_most=5)

    beside = [threading.Thread(target=read), *(threading.Thread(target=work) for _ in range(3))]
    for thread in beside:
        thread.start()
    with ThreadPoolExecutor(THREADS) as pool:
        list(pool.map(write, range(THREADS)))
    is_over.set()
    for thread in beside:
        thread.join(20)
    school.run()
    seen += reader.read()
    log = school.log()
    assert len(log) == sum(2 * (1 + number % 2) for number in range(THREADS))
    assert [event.sequence for event in log] == list(range(1, len(log) + 1))
    assert seen == [event.sequence for event in log], "each was seen once, in order"
    assert reader.ids == [str(event.id) for event in log]
    assert sorted(got.verified(hook.secret)["sequence"] for got in school.receiver.got) == seen
    assert len({got.id for got in school.receiver.got}) == len(seen)


def test_many_workers_send_each_event_once_and_one_at_a_time(committing_school: School) -> None:
    school, at_once, most = committing_school, [], []

    def answer(handler: Any) -> None:
        at_once.append(1)
        most.append(len(at_once))
        slowly(0.02)(handler)
        at_once.pop()

    school.receiver.otherwise = answer
    hook = school.hook()
    with school.client.script() as request:
        for _ in range(10):
            emit(request, school)
        for _ in range(8):
            request.enqueue(send_deliveries, webhook_id=school.row(hook).id)
    with ThreadPoolExecutor(6) as pool:
        list(pool.map(lambda _: school.run(), range(6)))
    school.run()
    assert [got.verified(hook.secret)["sequence"] for got in school.receiver.got] == list(range(1, 11))
    assert max(most) == 1
    assert {delivery.status for delivery in school.deliveries()} == {"delivered"}


def test_of_many_made_at_once_there_are_twenty(committing_school: School) -> None:
    school = committing_school
    body = {"url": school.receiver.url, "course_id": str(school.course_id)}
    with ThreadPoolExecutor(THREADS) as pool:
        answers = list(pool.map(lambda _: school.owner.post(WEBHOOKS, body, None).status_int, range(THREADS)))
    assert sorted(answers) == [201] * 20 + [409] * 12
    with school.client.script() as request:
        assert request.db.scalar(sa.select(sa.func.count()).select_from(Webhook)) == 20


def test_a_webhook_that_goes_while_it_is_being_sent_to_is_gone(committing_school: School) -> None:
    school = committing_school
    hook = school.hook()
    school.receiver.answers = [lambda handler: (school.owner.delete(hook.address), slowly(0)(handler))]
    school.happen(3)
    school.run()
    assert len(school.receiver.got) == 1
    school.owner.get(hook.address, status=404)
    assert school.client.run_jobs() == 0


def test_what_was_dumped_and_restored_goes_on_where_it_was(
    committing_school: School, server_url: str, tmp_path: Path
) -> None:
    """Row by row as they are: no number is kept anywhere but in them."""
    from courseplatform import migrations

    school = committing_school
    school.happen(3)
    school.run()
    school.happen()  # not numbered yet
    tables = ("users", "domain_events", "outbox")
    with fresh_database(server_url) as url:
        migrations.migrate(url)
        app = make_app(url, tmp_path)
        for table in tables:
            copy(school.client.registry["db.engine"], app.registry["db.engine"], table)
        restored = School(type(school.client)(app), school.receiver, school.admin, school.owner, school.course, "")
        restored.run()
        restored.happen()
        restored.run()
        log = restored.log()
        assert [event.sequence for event in log] == [1, 2, 3, 4, 5]
        assert [event.id for event in log[:3]] == [event.id for event in school.log()[:3]]
        app.registry["db.engine"].dispose()


def copy(source: sa.Engine, target: sa.Engine, table: str) -> None:
    """Not by COPY: psycopg2 has none where waits are bounded."""
    with source.connect() as connection:
        rows = connection.execute(sa.text(f"SELECT row_to_json(t)::text FROM {table} t")).scalars().all()
    with target.begin() as connection:
        for row in rows:
            into = f"INSERT INTO {table} SELECT * FROM json_populate_record(NULL::{table}, CAST(:row AS json))"
            connection.execute(sa.text(into), {"row": row})


def test_the_ledger_waits_for_one_attempt_at_an_event_whoever_queues_it(committing_school: School) -> None:
    school = committing_school
    hook = school.hook()
    school.happen()
    with school.client.script() as request:
        number_events(request)

    def queue(_: int) -> None:
        from plugins.webhooks.deliveries import queue_events

        with school.client.script() as request:
            queue_events(request, list(request.db.scalars(sa.select(DomainEvent))))

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(queue, range(8)))
    with school.client.script() as request:
        waiting = request.db.scalar(sa.select(sa.func.count()).where(Delivery.status == "waiting"))
    assert waiting == 1
    assert hook.show()["is_enabled"]
