"""The rule in whatever order its job runs, twice and late, among grades that change and revocations."""

from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa

from courseplatform.testing import Client, rolled_back
from plugins.certificates.jobs import issue_earned_certificate
from tests.factories.accounts import Actor, make_user
from tests.factories.assignments import make_assignment
from tests.factories.courses import id_of, make_course
from tests.factories.enrollments import enrol
from tests.factories.lessons import make_lesson
from tests.factories.submissions import make_submission

URL = "/api/users/certificates/"
#: What happens, each in every order. The rule is a job that was enqueued long ago and comes when it comes.
HAPPENINGS = ("rule", "rule", "pass", "fail", "revoke")
LIFTED = ("rule", "rule", "pass", "revoke", "lift")


class Scene:
    """A student with one work to pass, and beside it what ought to be true: ``passes`` and ``status``."""

    def __init__(self, client: Client) -> None:
        self.client, self.teacher, self.student = client, make_user(client, "teacher"), make_user(client)
        self.course = make_course(client, self.teacher)
        assignment = make_assignment(client, make_lesson(client, self.course, is_required=False), pass_points=5)
        enrol(client, self.course, self.student)
        self.work = make_submission(client, assignment, self.student)
        self.passes, self.status = False, ""

    def happen(self, name: str) -> None:
        getattr(self, f"do_{name}")()

    def do_rule(self) -> None:
        with self.client.script() as request:
            issue_earned_certificate(request, course_id=UUID(id_of(self.course)), student_id=self.student.user_id)
        if self.passes and not self.status:
            self.status = "issued"

    def do_pass(self) -> None:
        self.grade(9)

    def do_fail(self) -> None:
        self.grade(1)

    def grade(self, points: int) -> None:
        body = {"grade": points, "reason": "Recount"}
        self.teacher.put(f"{self.work}grade/", body, headers={"If-Match": "*"})
        self.passes = points >= 5

    def do_revoke(self) -> None:
        if self.status == "issued":
            self.call("PUT", "revocation/", {"reason": "Copied work"})
            self.status = "revoked"

    def do_lift(self) -> None:
        if self.status == "revoked":
            self.call("DELETE", "revocation/")
            self.status = "issued"

    def call(self, method: str, path: str, body: Any = None) -> None:
        (row,) = self.certificates()
        address = f"{URL}{row['id']}/{path}"
        self.teacher.call(method, address, body, status=200, headers={"If-Match": "*"})

    def certificates(self) -> list[dict[str, Any]]:
        return self.student.get(URL).json["results"]

    def check(self, told: Any) -> None:
        assert [row["status"] for row in self.certificates()] == ([self.status] if self.status else []), told


def go_on(scene: Scene, connection: sa.Connection, so_far: tuple[str, ...], left: tuple[str, ...]) -> int:
    """Try every order of what is left, each from here. How many orders there were."""
    orders = 0 if left else 1
    for name in sorted(set(left)):
        here, truth = connection.begin_nested(), (scene.passes, scene.status)
        rest = list(left)
        rest.remove(name)
        scene.happen(name)
        scene.check((*so_far, name))
        orders += go_on(scene, connection, (*so_far, name), tuple(rest))
        here.rollback()
        scene.passes, scene.status = truth
    return orders


@pytest.mark.parametrize("happenings", [HAPPENINGS, LIFTED], ids=["a hold", "a hold that is lifted"])
def test_in_every_order_there_is_one_certificate_that_was_earned_and_a_hold_holds(
    wsgi_app: Any, happenings: tuple[str, ...]
) -> None:
    with rolled_back(wsgi_app) as (client, connection):
        assert go_on(Scene(client), connection, (), happenings) == 60


def test_jobs_that_come_in_reverse_and_twice_issue_what_one_job_would(
    client: Client, course: str, graduate: Actor
) -> None:
    """Each completion enqueued one; the transport delivers them in any order, and again."""
    for _ in range(2):
        with client.script() as request:
            ids = {"course_id": UUID(id_of(course)), "student_id": graduate.user_id}
            request.enqueue(issue_earned_certificate, delay_s=60, **ids)
            request.enqueue(issue_earned_certificate, **ids)
    client.run_jobs()
    before = graduate.get(URL).json
    assert [row["status"] for row in before["results"]] == ["issued"]
    client.clock.move(minutes=2)
    client.run_jobs()
    assert graduate.get(URL).json == before
