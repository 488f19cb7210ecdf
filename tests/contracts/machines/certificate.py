"""A certificate: by the rule or by hand, withdrawn, revoked (which holds off the rule), lifted, deleted."""

from typing import Any
from uuid import UUID

from hypothesis import strategies as st
from hypothesis.stateful import initialize, invariant, precondition, rule

from courseplatform.testing import id_of
from plugins.certificates.jobs import issue_earned_certificate
from tests.contracts.machines.life import ANY, Life, expect

CERTIFICATES = "/api/users/certificates/"


class CertificateLife(Life):
    """``status``: None while there is no row. ``is_done``: whether the student has done all that is required."""

    @initialize(begin=st.sampled_from(["revoked", "issued", "enrolled", "nothing"]))
    def open(self, begin: str) -> None:
        self.course = self.make_course()
        self.status: str | None = None
        self.is_done = self.was_in = self.is_in = False
        self.has_override = False
        self.address = self.code = ""
        if begin != "nothing":
            self.enrol()
        if begin in ("issued", "revoked"):
            self.issue("By decision of the faculty", is_admin=True)
        if begin == "revoked":
            self.revoke(ANY)

    def note(self, body: Any) -> None:
        self.address, self.code = f"{CERTIFICATES}{body['id']}/", body["verification_code"]

    # --- the student

    @rule()
    def enrol(self) -> None:
        self.student.put(f"{self.course}enrollments/me/", status=(200, 201))
        self.was_in = self.is_in = True

    @precondition(lambda self: getattr(self, "is_in", False))
    @rule()
    def drop(self) -> None:
        self.student.delete(f"{self.course}enrollments/me/")
        self.is_in = False

    @precondition(lambda self: getattr(self, "is_in", False))
    @rule(is_done=st.booleans())
    def finish(self, is_done: bool) -> None:
        expect(self.student.call("PUT" if is_done else "DELETE", f"{self.lesson}completion/"), 200, 204)
        self.is_done = is_done

    @rule()
    def let_the_rule_look(self) -> None:
        """It issues what is earned, once; never where there is one in whatever state."""
        with self.client.script() as request:
            ids = {"course_id": UUID(id_of(self.course)), "student_id": self.student.user_id}
            issue_earned_certificate(request, **ids)
        if self.status is None and self.is_in and self.is_done:
            self.status, self.has_override = "issued", False
            (row,) = self.student.get(CERTIFICATES).json["results"]
            self.note(row)

    # --- the staff

    @rule(reason=st.sampled_from(["", "By decision of the faculty"]), is_admin=st.booleans())
    def issue(self, reason: str, is_admin: bool) -> None:
        body = {"student_id": self.student.id, "course_id": id_of(self.course), "override_reason": reason}
        answer = (self.admin if is_admin else self.owner).post(CERTIFICATES, body, None)
        if self.status == "issued":
            assert expect(answer, 200).json["id"] == id_of(self.address)
        elif self.status == "revoked" or not self.was_in or not (self.is_done or reason):
            expect(answer, 409)
        else:
            self.note(expect(answer, 201).json)
            self.status, self.has_override = "issued", bool(reason)

    @rule()
    def students_issue_nothing(self) -> None:
        body = {"student_id": self.student.id, "course_id": id_of(self.course), "override_reason": "x"}
        expect(self.student.post(CERTIFICATES, body, None), 403)

    @precondition(lambda self: getattr(self, "status", None))
    @rule(headers=st.sampled_from([ANY, {}, {"If-Match": '"stale"'}]))
    def revoke(self, headers: dict[str, str]) -> None:
        answer = self.owner.put(f"{self.address}revocation/", {"reason": "Copied"}, None, headers=headers)
        if headers != ANY:
            expect(answer, 412 if headers else 428)
        elif expect(answer, 200 if self.status == "issued" else 409).status_int == 200:
            self.status = "revoked"
            self.issue("By decision of the faculty", is_admin=True)  # neither by hand
            self.let_the_rule_look()  # nor by the rule

    @precondition(lambda self: getattr(self, "status", None))
    @rule()
    def lift(self) -> None:
        answer = self.owner.delete(f"{self.address}revocation/", None, headers=ANY)
        if expect(answer, 200 if self.status == "revoked" else 409).status_int == 200:
            self.status = "issued"

    @precondition(lambda self: getattr(self, "status", None))
    @rule(status=st.sampled_from(["not_issued", "issued", "revoked"]))
    def move_to(self, status: str) -> None:
        """The same state is no change; each other one is the matching verb."""
        answer = self.owner.patch(self.address, {"status": status}, None, headers=ANY)
        is_earned = self.was_in and (self.is_done or self.has_override)
        may = (
            status in (self.status, "not_issued")
            or (status == "revoked" and self.status == "issued")
            or (status == "issued" and (self.status == "revoked" or is_earned))
        )
        if expect(answer, 200 if may else 409).status_int == 200:
            self.status = status

    @precondition(lambda self: getattr(self, "status", None))
    @rule()
    def delete_and_issue_anew(self) -> None:
        self.owner.delete(self.address, headers=ANY)
        expect(self.client.get(f"/api/certificates/{self.code}/", None), 404)
        self.status, self.address, self.code = None, "", ""
        self.issue("By decision of the faculty", is_admin=False)

    # --- what everybody sees

    @invariant()
    def there_is_one_at_most(self) -> None:
        if hasattr(self, "course"):
            rows = self.student.get(CERTIFICATES).json["results"]
            assert [row["status"] for row in rows] == ([self.status] if self.status else [])

    @invariant()
    def anyone_can_verify_it(self) -> None:
        if getattr(self, "code", ""):
            answer = self.client.get(f"/api/certificates/{self.code}/", None)
            if self.status == "not_issued":
                expect(answer, 200, 404)
                assert answer.status_int == 404 or not answer.json["is_valid"]
            else:
                told = expect(answer, 200).json
                assert (told["status"], told["is_valid"]) == (self.status, self.status == "issued")
