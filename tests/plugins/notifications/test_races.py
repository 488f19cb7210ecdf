"""What happens at the same moment, in transactions that are really committed."""

from concurrent.futures import ThreadPoolExecutor, wait
from datetime import UTC, datetime, timedelta
from threading import Barrier
from uuid import uuid4

from courseplatform.jobs import OutboxJob
from courseplatform.testing import Client
from plugins.accounts.api import User
from plugins.assignments.jobs import announce_due_soon
from plugins.assignments.models import Assignment
from plugins.notifications import delivery, jobs
from plugins.notifications.models import Notification
from plugins.notifications.news import News, Subject
from tests.factories.accounts import make_user

from .conftest import kinds, make_school


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
