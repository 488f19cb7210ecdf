"""Grading and returning leave their line in the audit log, once they are committed."""

import pytest

from courseplatform.testing import Client
from tests.factories.accounts import Actor
from tests.factories.audit import audit_lines
from tests.factories.courses import id_of
from tests.factories.submissions import make_submission

ANY = {"If-Match": "*"}


def test_a_grade_and_a_return_are_recorded(
    client: Client, assignment: str, teacher: Actor, learner: Actor, caplog: pytest.LogCaptureFixture
) -> None:
    work = make_submission(client, assignment, learner)
    lines = audit_lines(caplog)
    teacher.put(f"{work}grade/", {"grade": 60, "feedback": "between us"}, headers=ANY)
    teacher.put(f"{work}return/", {"feedback": "between us"}, headers=ANY)
    assert "between us" not in caplog.text
    graded, returned = lines()
    for line, event in ((graded, "submission.graded"), (returned, "submission.returned")):
        assert (line["event"], line["user_id"], line["target_user_id"]) == (event, teacher.id, learner.id)
        assert line["submission_id"] == id_of(work)
    assert graded["grade_points"] == "60"


def test_a_refused_grade_is_not_recorded(
    client: Client, assignment: str, teacher: Actor, learner: Actor, caplog: pytest.LogCaptureFixture
) -> None:
    work = make_submission(client, assignment, learner)
    lines = audit_lines(caplog)
    teacher.put(f"{work}grade/", {"grade": 101}, status=422, headers=ANY)
    teacher.put(f"{work}grade/", {"grade": 60}, status=412, headers={"If-Match": '"stale"'})
    assert lines() == []
