"""Attempts at an assignment: draft, submitted, graded, returned, again; with dates, and attempts that run out."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import count
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import initialize, invariant, precondition, rule

from tests.contracts.machines.life import ANY, Life, expect

HOURS = st.none() | st.integers(-3, 6)


@dataclass
class Attempt:
    id: str
    text: str
    status: str
    submitted_at: datetime | None = None
    grade: int | None = None
    was_graded: bool = False

    @property
    def is_open(self) -> bool:
        """Whether its student may still change it."""
        return self.status in ("draft", "submitted")


class SubmissionLife(Life):
    """``attempts`` by their numbers. ``due`` and ``lock``: moments, or None."""

    @initialize(max_attempts=st.sampled_from([None, 1, 2, 3]))
    def open(self, max_attempts: int | None) -> None:
        self.course = self.make_course()
        self.student.put(f"{self.course}enrollments/me/", status=201)
        body = {"title": "A", "max_points": 10, "pass_points": 5, "max_attempts": max_attempts}
        made = self.owner.post(f"{self.lesson}assignments/", body).json["id"]
        self.assignment = f"{self.lesson}assignments/{made}/"
        self.submissions = f"{self.assignment}submissions/"
        self.max_attempts, self.max_points = max_attempts, 10
        self.due: datetime | None = None
        self.lock: datetime | None = None
        self.attempts: dict[int, Attempt] = {}
        self.words = map("Work {}".format, count())

    @property
    def now(self) -> datetime:
        return self.client.clock()

    @property
    def is_locked(self) -> bool:
        return self.lock is not None and self.now > self.lock

    @property
    def latest(self) -> Attempt | None:
        return self.attempts[max(self.attempts)] if self.attempts else None

    def some(self, data: Any) -> tuple[str, Attempt]:
        attempt = data.draw(st.sampled_from(list(self.attempts.values())), "attempt")
        return f"{self.submissions}{attempt.id}/", attempt

    # --- time

    @rule(hours=st.integers(1, 3))
    def wait(self, hours: int) -> None:
        self.client.clock.move(hours=hours)

    @rule(due=HOURS, lock=HOURS)
    def set_dates(self, due: int | None, lock: int | None) -> None:
        """Half an hour off the clock's own steps. due ≤ lock."""
        moments = [None if one is None else self.now + timedelta(hours=one, minutes=30) for one in (due, lock)]
        body = {"due_at": moments[0] and moments[0].isoformat(), "lock_at": moments[1] and moments[1].isoformat()}
        is_right = due is None or lock is None or due <= lock
        expect(self.owner.patch(self.assignment, body, None, headers=ANY), 200 if is_right else 422)
        if is_right:
            self.due, self.lock = moments

    # --- the student

    @rule(status=st.sampled_from(["draft", "submitted"]))
    def submit(self, status: str) -> None:
        text, number = next(self.words), max(self.attempts, default=0) + 1
        answer = self.student.post(self.submissions, {"text": text, "status": status}, None)
        may = (
            not self.is_locked
            and (self.latest is None or self.latest.status in ("submitted", "returned"))
            and (self.max_attempts is None or number <= self.max_attempts)
        )
        expect(answer, 201 if may else 409)
        if may:
            assert answer.json["attempt"] == number
            self.attempts[number] = Attempt(answer.json["id"], text, status, None if status == "draft" else self.now)

    @rule(text=st.sampled_from(["", "   ", "\n"]))
    def submit_nothing(self, text: str) -> None:
        expect(self.student.post(self.submissions, {"text": text}, None), 422, 409)

    @precondition(lambda self: getattr(self, "attempts", None))
    @rule(data=st.data(), method=st.sampled_from(["PUT", "PATCH"]))
    def rewrite(self, data: Any, method: str) -> None:
        """A PUT without a status hands in; a PATCH leaves a draft a draft."""
        address, attempt = self.some(data)
        text = next(self.words)
        answer = self.student.call(method, address, {"text": text}, headers=ANY)
        if expect(answer, 200 if attempt.is_open and not self.is_locked else 409).status_int == 200:
            attempt.text = text
            if method == "PUT" or attempt.status == "submitted":
                attempt.status, attempt.submitted_at = "submitted", self.now

    @precondition(lambda self: getattr(self, "attempts", None))
    @rule(data=st.data())
    def hand_in(self, data: Any) -> None:
        address, attempt = self.some(data)
        answer = self.student.patch(address, {"status": "submitted"}, None, headers=ANY)
        if expect(answer, 200 if attempt.is_open and not self.is_locked else 409).status_int == 200:
            attempt.status, attempt.submitted_at = "submitted", self.now

    @precondition(lambda self: getattr(self, "attempts", None))
    @rule(data=st.data())
    def take_back(self, data: Any) -> None:
        address, attempt = self.some(data)
        may = attempt.is_open and not self.is_locked
        expect(self.student.delete(address, None, headers=ANY), 204 if may else 409)
        if may:
            self.attempts = {number: one for number, one in self.attempts.items() if one is not attempt}

    # --- the teacher

    @precondition(lambda self: getattr(self, "attempts", None))
    @rule(data=st.data(), grade=st.integers(0, 11), reason=st.sampled_from(["", "Read again"]))
    def grade(self, data: Any, grade: int, reason: str) -> None:
        address, attempt = self.some(data)
        answer = self.owner.put(f"{address}grade/", {"grade": grade, "reason": reason}, None, headers=ANY)
        if attempt.status == "draft":
            expect(answer, 404)
        elif grade > self.max_points or (attempt.was_graded and not reason):
            expect(answer, 422)
        else:
            expect(answer, 200)
            attempt.status, attempt.grade, attempt.was_graded = "checked", grade, True

    @precondition(lambda self: getattr(self, "attempts", None))
    @rule(data=st.data(), tag=st.sampled_from([None, '"stale"']), facet=st.sampled_from(["grade", "return"]))
    def grade_what_has_changed(self, data: Any, tag: str | None, facet: str) -> None:
        """428 without the tag of what was read (a grade), 412 with another one."""
        address, attempt = self.some(data)
        body = {"grade": 1, "reason": "x"} if facet == "grade" else {"feedback": "x"}
        if attempt.status == "draft":
            expect(self.owner.put(f"{address}{facet}/", body, None, headers=ANY), 404)
        elif tag is not None:
            expect(self.owner.put(f"{address}{facet}/", body, None, headers={"If-Match": tag}), 412)
        elif facet == "grade":
            expect(self.owner.put(f"{address}{facet}/", body, None), 428)

    @precondition(lambda self: getattr(self, "attempts", None))
    @rule(data=st.data())
    def give_back(self, data: Any) -> None:
        address, attempt = self.some(data)
        answer = self.owner.put(f"{address}return/", {"feedback": "Again"}, None, headers=ANY)
        if expect(answer, 404 if attempt.status == "draft" else 200).status_int == 200:
            attempt.status, attempt.grade = "returned", None
            expect(self.student.patch(address, {"text": "Now"}, None, headers=ANY), 409)

    @precondition(lambda self: getattr(self, "attempts", None))
    @rule(data=st.data())
    def the_student_grades(self, data: Any) -> None:
        address, _ = self.some(data)
        expect(self.student.put(f"{address}grade/", {"grade": 10}, None, headers=ANY), 403)

    # --- what everybody sees

    @invariant()
    def the_attempts_are_as_the_model_says(self) -> None:
        if not hasattr(self, "submissions"):
            return
        rows = {row["attempt"]: row for row in self.student.get(self.submissions).json["results"]}
        assert rows.keys() == self.attempts.keys()
        for number, attempt in self.attempts.items():
            row = rows[number]
            assert (row["id"], row["text"], row["status"]) == (attempt.id, attempt.text, attempt.status)
            assert (row["grade"], row["is_checked"]) == (attempt.grade, attempt.status == "checked")
            handed_in = attempt.submitted_at
            assert row["is_late"] == (handed_in is not None and self.due is not None and handed_in > self.due)
            assert (row["submitted_at"] is None) == (attempt.status == "draft")

    @invariant()
    def a_draft_is_its_students_alone(self) -> None:
        if hasattr(self, "submissions"):
            seen = {row["attempt"] for row in self.owner.get(self.submissions).json["results"]}
            assert seen == {number for number, one in self.attempts.items() if one.status != "draft"}

    @invariant()
    def the_best_that_counts_is_passed_work(self) -> None:
        """Progress: one required lesson, one required assignment."""
        if hasattr(self, "submissions"):
            percent = self.student.get(f"{self.course}progress/").json["percent"]
            assert percent in ((50, 0) if any((one.grade or 0) >= 5 for one in self.attempts.values()) else (0,))
