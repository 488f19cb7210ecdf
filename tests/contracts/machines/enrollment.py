"""An enrollment: enrolled, dropped, back, removed, brought back, completed; and its progress."""

from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import initialize, invariant, precondition, rule

from courseplatform.testing import id_of
from tests.contracts.machines.life import ANY, Life, expect


class EnrollmentLife(Life):
    """``status``: None before there is one. ``done``: the numbers of the lessons completed."""

    @initialize(is_in=st.sampled_from([True, True, False]))
    def open(self, is_in: bool) -> None:
        self.course = self.make_course()
        more = [self.owner.post(f"{self.course}lessons/", {"title": "L"}).json["id"] for _ in range(2)]
        self.lessons = [self.lesson, *(f"{self.course}lessons/{lesson_id}/" for lesson_id in more)]
        self.required = set(self.lessons)
        self.me, self.roster = f"{self.course}enrollments/me/", f"{self.course}enrollments/"
        self.status: str | None = None
        self.was_completed = self.is_archived = self.is_staff = False
        self.done: set[str] = set()
        self.address = ""
        if is_in:
            self.enrol()

    @property
    def is_in(self) -> bool:
        return self.status in ("active", "completed")

    @property
    def percent(self) -> int:
        return 100 * len(self.done & self.required) // len(self.required) if self.required else 0

    def come_in_by(self, answer: Any) -> None:
        expect(answer, 201 if self.status is None else 200)
        if not self.is_in:
            self.come_in()
        self.address = f"{self.roster}{answer.json['id']}/"

    def come_in(self) -> None:
        self.status = "completed" if self.was_completed else "active"
        self.look()

    def look(self) -> None:
        """All that is required is done: completed, for ever."""
        if self.is_in and self.required and self.required <= self.done:
            self.status, self.was_completed = "completed", True

    # --- coming and going

    @rule()
    def enrol(self) -> None:
        answer = self.student.put(self.me, status=None)
        if self.is_archived:
            expect(answer, 404 if self.status is None else 409)
        elif self.status == "removed":
            assert expect(answer, 409).json["code"] == "enrollment_removed"
        else:
            self.come_in_by(answer)

    @rule()
    def be_enrolled(self) -> None:
        answer = self.owner.post(self.roster, {"student_id": self.student.id}, None)
        if self.is_archived:
            expect(answer, 409)
        else:
            self.come_in_by(answer)

    @rule()
    def drop(self) -> None:
        """Idempotent; what the staff removed stays removed."""
        answer = self.student.delete(self.me, None)
        if self.status is None:
            expect(answer, 404)
        else:
            expect(answer, 204)
            self.status = "removed" if self.status == "removed" else "dropped"

    @precondition(lambda self: self.address)
    @rule()
    def be_removed(self) -> None:
        self.owner.delete(self.address, headers=ANY)
        self.status = "removed"

    @rule()
    def the_owner_enrols(self) -> None:
        expect(self.owner.put(self.me, status=None), 409)

    # --- the course

    @rule()
    def archive_or_open(self) -> None:
        method = "DELETE" if self.is_archived else "PUT"
        expect(self.owner.call(method, f"{self.course}archive/", headers=ANY), 200)
        self.is_archived = not self.is_archived

    # --- progress

    @rule(number=st.integers(0, 2), is_done=st.booleans())
    def complete(self, number: int, is_done: bool) -> None:
        lesson = self.lessons[number]
        answer = self.student.call("PUT" if is_done else "DELETE", f"{lesson}completion/")
        if not self.is_in:
            # A course that is closed to strangers does not exist for them.
            expect(answer, 404 if self.is_archived and self.status is None else 403)
        elif self.is_archived:
            expect(answer, 409, 403)
        else:
            expect(answer, 200 if is_done else 204)
            (self.done.add if is_done else self.done.discard)(lesson)
            self.look()

    @precondition(lambda self: len(self.required) < 3)
    @rule()
    def require_all(self) -> None:
        for lesson in set(self.lessons) - self.required:
            self.owner.patch(lesson, {"is_required": True}, headers=ANY)
        self.required = set(self.lessons)
        self.client.run_jobs()

    @rule(number=st.integers(1, 2))
    def require_less(self, number: int) -> None:
        """Whoever has done the rest is done, once the background has looked."""
        self.owner.patch(self.lessons[number], {"is_required": False}, headers=ANY)
        self.required.discard(self.lessons[number])
        self.client.run_jobs()
        self.look()

    # --- what everybody sees

    @invariant()
    def it_is_as_the_model_says(self) -> None:
        if not hasattr(self, "me"):
            return
        if self.status is None:
            expect(self.student.get(self.me, None), 404)
            return
        told = self.student.get(self.me).json
        assert (told["status"], told["progress_percent"]) == (self.status, self.percent)
        assert (told["completed_at"] is not None) == self.was_completed
        assert self.student.get(f"{self.course}progress/").json["percent"] == self.percent

    @invariant()
    def there_is_one_at_most(self) -> None:
        if hasattr(self, "me"):
            rows = self.owner.get(self.roster).json["results"]
            assert [row["student_id"] for row in rows] == [self.student.id] * (self.status is not None)
            assert not self.address or not rows or rows[0]["id"] == id_of(self.address)
