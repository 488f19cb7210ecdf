"""What happens at the same moment, in transactions that are really committed."""

import time
from concurrent.futures import ThreadPoolExecutor, wait
from datetime import UTC, datetime, timedelta
from threading import Barrier
from uuid import uuid4

from courseplatform.jobs import OutboxJob
from courseplatform.testing import Client
from plugins.accounts.api import User
from plugins.assignments.jobs import announce_due_soon
from plugins.assignments.models import Assignment
from plugins.notifications import delivery, jobs, operations
from plugins.notifications.models import Notification
from plugins.notifications.news import News, Subject
from tests.factories.accounts import make_user
from tests.factories.courses import id_of
from tests.factories.notifications import make_notification

from .conftest import inbox, kinds, make_school


def test_of_two_scans_at_once_each_student_hears_once_and_is_mailed_once(committing_client: Client) -> None:
    client = committing_client
    school = make_school(client, student_count=5)
    school.change(Assignment, school.assignment_id, due_at=datetime.now(UTC) + timedelta(hours=3))

    def scan(number: int) -> None:
        with client.script() as request:
            announce_due_soon(request)
        client.run_jobs()

    with ThreadPoolExecutor(4) as threads:
        list(threads.map(scan, range(4)))
    client.run_jobs()
    assert [kinds(student) for student in school.students] == [["due_soon"]] * 5
    with client.script() as request:
        mailed = request.db.query(OutboxJob).filter(OutboxJob.name.endswith("mail_notification"))
        assert mailed.count() == 5


def test_marking_one_read_and_marking_all_read_at_once_do_not_deadlock(committing_client: Client) -> None:
    client, student = committing_client, make_user(committing_client)
    notification_id = id_of(make_notification(client, student))
    locked = Barrier(2, timeout=5)

    def mark_one() -> None:
        with client.script() as request:
            row = request.db.get_one(
                Notification, notification_id, with_for_update={"key_share": True}
            )  # as a PATCH does
            locked.wait()
            time.sleep(0.3)
            operations.update_notification(request, row, {"is_read": True})

    def mark_all() -> None:
        locked.wait()
        with client.script() as request:
            operations.mark_all_read(request, recipient_id=student.user_id)

    with ThreadPoolExecutor(2) as threads:
        for marking in [threads.submit(mark_one), threads.submit(mark_all)]:
            marking.result()
    assert [row["is_read"] for row in inbox(student)] == [True]


def test_what_is_delivered_during_an_erasure_is_forgotten_with_it(committing_client: Client) -> None:
    client, student = committing_client, make_user(committing_client)
    news = News(kind="message", subject=Subject("thing", uuid4(), "/api/x/"), told={"message": "Hello."})
    delivered, may_end = Barrier(2, timeout=5), Barrier(2, timeout=5)

    def deliver() -> None:
        with client.script() as request:
            delivery.deliver(request, news, [student.user_id])
            delivered.wait()
            may_end.wait()

    def forget() -> None:
        with client.script() as request:
            request.db.get_one(User, student.user_id).is_active = False
        with client.script() as request:
            jobs.forget_recipient(request, recipient_id=student.user_id)

    with ThreadPoolExecutor(2) as threads:
        delivering = threads.submit(deliver)
        delivered.wait()
        forgetting = threads.submit(forget)
        wait([forgetting], timeout=0.4)
        may_end.wait()
        delivering.result(), forgetting.result()
    with client.script() as request:
        delivery.deliver(request, news, [student.user_id])
        assert request.db.query(Notification).count() == 0
