"""What happens to certificates leaves its line in the audit log."""

import pytest

from courseplatform.testing import Client
from tests.factories.accounts import Actor
from tests.factories.audit import audit_lines
from tests.factories.courses import id_of

URL = "/api/users/certificates/"
ANY = {"If-Match": "*"}


def test_all_that_happens_to_a_certificate_is_recorded(
    client: Client, course: str, teacher: Actor, graduate: Actor, caplog: pytest.LogCaptureFixture
) -> None:
    lines = audit_lines(caplog)
    body = {"student_id": graduate.id, "course_id": id_of(course)}
    certificate_id = teacher.post(URL, body).json["id"]
    address = f"{URL}{certificate_id}/"
    teacher.post(URL, body, status=200)  # the one that is there: nothing happened
    teacher.put(f"{address}revocation/", {"reason": "Copied work"}, headers=ANY)
    teacher.put(f"{address}revocation/", {"reason": "Copied work"}, status=409, headers=ANY)
    teacher.delete(f"{address}revocation/", status=200, headers=ANY)
    teacher.patch(address, {"status": "not_issued"}, headers=ANY)
    teacher.delete(address, headers=ANY)
    assert "Copied" not in caplog.text
    found = lines()
    assert [line["event"] for line in found] == [
        "certificate.issued",
        "certificate.revoked",
        "certificate.revocation_lifted",
        "certificate.withdrawn",
        "certificate.deleted",
    ]
    for line in found:
        assert (line["user_id"], line["target_user_id"]) == (teacher.id, graduate.id)
        assert (line["certificate_id"], line["course_id"]) == (certificate_id, id_of(course))


def test_the_rule_issues_as_nobody(
    client: Client, course: str, graduate: Actor, caplog: pytest.LogCaptureFixture
) -> None:
    from plugins.certificates.operations import issue_if_earned

    lines = audit_lines(caplog)
    with client.script() as request:
        issue_if_earned(request, course_id=id_of(course), student_id=graduate.user_id)
    (line,) = lines()
    assert (line["event"], line["user_id"], line["target_user_id"]) == ("certificate.issued", None, graduate.id)
