"""What dry runs say of work that was handed in: what a moved deadline makes late, and what late no more."""

from datetime import timedelta
from typing import Any

from sqlalchemy import select

from courseplatform.testing import Client
from plugins.submissions.models import Submission
from tests.factories.accounts import Actor, make_user
from tests.factories.assignments import make_assignment
from tests.factories.lessons import make_lesson
from tests.factories.submissions import make_submission

DRY = {"Prefer": "dry-run"}


def late(client: Client) -> list[bool]:
    with client.script() as request:
        return list(request.db.scalars(select(Submission.is_late).order_by(Submission.submitted_at)))


def test_a_moved_deadline_judges_anew_and_a_dry_run_says_how(client: Client, teacher: Actor, course: str) -> None:
    with client.script() as request:
        now = request.now
    noon = now - timedelta(days=2)
    assignment = make_assignment(client, make_lesson(client, course), due_at=noon)
    for hours in (-3, -2, -1, 1, 2):
        moment, is_late = noon + timedelta(hours=hours), hours > 0
        make_submission(client, assignment, make_user(client), submitted_at=moment, is_late=is_late)
    make_submission(client, assignment, make_user(client), status="draft")
    before = late(client)

    def told(**body: Any) -> Any:
        return teacher.patch(assignment, body, headers=DRY).json["forecasts"]["submissions"]

    earlier, later = ((noon + timedelta(minutes=minutes)).isoformat() for minutes in (-90, 90))
    assert told(due_at=earlier) == {"become_late": 1, "become_timely": 0}
    assert told(due_at=later) == {"become_late": 0, "become_timely": 1}
    assert told(due_at=None) == {"become_late": 0, "become_timely": 2}
    assert told(lock_at=now.isoformat()) == {"become_late": 0, "become_timely": 0}
    assert late(client) == before
    teacher.patch(assignment, {"due_at": earlier})
    assert sum(late(client)) == sum(before) + 1
