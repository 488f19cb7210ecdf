"""Live updates: ``?since=`` misses nothing, and costs next to nothing while nothing happens."""

from concurrent.futures import ThreadPoolExecutor, wait
from threading import Barrier
from typing import Any
from uuid import uuid4

import sqlalchemy as sa

from courseplatform.testing import Client
from plugins.notifications import delivery
from plugins.notifications.models import Inbox, Notification
from plugins.notifications.news import News, Subject
from tests.factories.accounts import Actor, make_user
from tests.factories.courses import id_of
from tests.factories.notifications import ALL, make_notification


class Poller:
    """A client of the platform that does as docs/clients.md says."""

    def __init__(self, actor: Actor) -> None:
        self.actor, self.since, self.etag = actor, 0, ""
        self.seen: dict[str, Any] = {}

    def poll(self, status: Any = (200, 304)) -> list[str]:
        """The ids that came, in their order."""
        headers = {"If-None-Match": self.etag} if self.etag else {}
        answer = self.actor.get(f"{ALL}?since={self.since}&limit=100", headers=headers, status=status)
        self.etag = answer.headers["ETag"]
        if answer.status_int == 304:
            assert answer.body == b""
            return []
        rows = answer.json["results"]
        if rows:
            self.since, self.etag = rows[-1]["sequence"], ""
        self.seen |= {row["id"]: row for row in rows}
        return [row["id"] for row in rows]


def news() -> News:
    return News(kind="message", subject=Subject("thing", uuid4(), "/api/x/"), told={"message": "Hello."})


def tell(client: Client, *recipients: Actor) -> None:
    with client.script() as request:
        delivery.deliver(request, news(), [recipient.user_id for recipient in recipients])


def test_what_is_new_comes_once_and_in_order(client: Client, student: Actor, admin: Actor) -> None:
    poller = Poller(student)
    first, second = (id_of(make_notification(client, student)) for _ in range(2))
    make_notification(client, admin)
    assert poller.poll() == [first, second]
    assert poller.poll() == []
    third = id_of(make_notification(client, student))
    assert poller.poll() == [third]


def test_while_nothing_happens_a_poll_is_304(client: Client, student: Actor) -> None:
    make_notification(client, student)
    poller = Poller(student)
    poller.poll()
    poller.poll()
    for _ in range(2):
        poller.poll(304)
    made = id_of(make_notification(client, student))
    assert poller.poll() == [made]


def test_the_plain_list_is_304_too_until_something_changes(client: Client, student: Actor) -> None:
    address = make_notification(client, student)
    etag = student.get(ALL).headers["ETag"]
    student.get(ALL, headers={"If-None-Match": etag}, status=304)
    student.patch(address, {"is_read": True})
    assert student.get(ALL, headers={"If-None-Match": etag}).headers["ETag"] != etag


def test_what_changed_elsewhere_comes_again(client: Client, student: Actor, teacher: Actor, admin: Actor) -> None:
    one, two, three = (make_notification(client, student) for _ in range(3))
    poller, other = Poller(student), Poller(teacher)
    poller.poll(), other.poll()
    student.patch(one, {"is_read": True})
    assert poller.poll() == [id_of(one)] and poller.seen[id_of(one)]["is_read"]
    student.patch(one, {"is_read": True})
    assert poller.poll() == []
    student.post(f"{ALL}read-all/", status=200)
    assert sorted(poller.poll()) == sorted(map(id_of, (two, three)))
    admin.patch(two, {"message": "Corrected."})
    poller.poll()
    assert poller.seen[id_of(two)]["message"] == "Corrected."
    admin.patch(two, {"recipient_id": teacher.id})
    assert (poller.poll(), other.poll()) == ([], [id_of(two)])


def test_many_that_changed_at_once_are_told_page_by_page(client: Client, student: Actor) -> None:
    made = [id_of(make_notification(client, student)) for _ in range(5)]
    student.post(f"{ALL}read-all/", status=200)
    following, since = [], 0
    page = student.get(f"{ALL}?since=0&limit=2").json
    while page["results"]:
        following += [row["id"] for row in page["results"]]
        page = student.get(page["next"]).json if page["next"] else {"results": []}
    asking = []
    while rows := student.get(f"{ALL}?since={since}&limit=2").json["results"]:
        asking += [row["id"] for row in rows]
        since = rows[-1]["sequence"]
    assert following == asking == made


def test_a_poll_without_news_is_one_small_statement_whatever_there_is(client: Client, student: Actor) -> None:
    with client.script() as request:
        row = {"recipient_id": student.user_id, "kind": "message", "message": "m", "created_at": request.now}
        rows = [{**row, "event_id": uuid4(), "sequence": number} for number in range(1, 3_001)]
        request.db.execute(sa.insert(Notification), rows)
        request.db.execute(sa.insert(Inbox), [{"recipient_id": student.user_id, "last_sequence": 3_000}])
    ran: list[Any] = []

    def note(connection: Any, cursor: Any, statement: str, parameters: Any, *rest: Any) -> None:
        if statement.startswith("SELECT"):
            ran.append((statement, parameters))

    engine = client.registry["db.engine"]
    sa.event.listen(engine, "before_cursor_execute", note)
    assert student.get(f"{ALL}?since=3000").json["results"] == []
    sa.event.remove(engine, "before_cursor_execute", note)
    assert len(ran) == 2
    statement, parameters = ran[-1]
    with client.script() as request:
        explain = f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {statement}"
        (plan,) = request.db.connection().exec_driver_sql(explain, parameters).scalar()
    assert plan["Plan"]["Shared Hit Blocks"] + plan["Plan"]["Shared Read Blocks"] < 10


def test_a_notification_that_commits_late_is_not_missed(committing_client: Client) -> None:
    """Of two jobs, the one that began first commits last: its row has the older id and the older time."""
    client, student = committing_client, make_user(committing_client)
    poller, began, may_end = Poller(student), Barrier(2, timeout=5), Barrier(2, timeout=5)

    def slow() -> None:
        with client.script() as request:
            delivery.deliver(request, news(), [student.user_id])
            request.db.flush()
            began.wait()
            may_end.wait()

    with ThreadPoolExecutor(2) as threads:
        first = threads.submit(slow)
        began.wait()
        second = threads.submit(tell, client, student)
        wait([second], timeout=0.4)  # did it not wait for the first, it would be seen now and hide it for ever
        poller.poll()
        may_end.wait()
        wait([first, second])
    poller.poll()
    with client.script() as request:
        assert set(poller.seen) == {str(id_) for id_ in request.db.scalars(sa.select(Notification.id))}


def test_nothing_is_missed_and_nothing_deadlocks_while_many_write_and_one_polls(committing_client: Client) -> None:
    client = committing_client
    students = [make_user(client) for _ in range(3)]
    poller, other = Poller(students[0]), make_user(client, "admin")

    def write(number: int) -> None:
        if number % 4 == 3:
            students[0].post(f"{ALL}read-all/", status=200)
        elif number % 4 == 2:
            body = {"recipient_id": students[0].id, "message": f"{number}"}
            made = other.post(ALL, body).json
            students[0].patch(f"{ALL}{made['id']}/", {"is_read": True})
        else:
            tell(client, *(students if number % 2 else reversed(students)))

    with ThreadPoolExecutor(4) as threads:
        writing = [threads.submit(write, number) for number in range(40)]
        while not all(one.done() for one in writing):
            poller.poll()
        for one in writing:
            one.result()
    poller.poll()
    with client.script() as request:
        own = sa.select(Notification).where(Notification.recipient_id == students[0].user_id)
        there = {str(row.id): (row.sequence, row.is_read) for row in request.db.scalars(own)}
    assert {id_: (row["sequence"], row["is_read"]) for id_, row in poller.seen.items()} == there
    assert len(there) == 30
