"""A course: draft → published ⇄ archived, its lessons in their order, and when it may be deleted."""

from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import initialize, invariant, precondition, rule

from tests.contracts.machines.life import ANY, Life, expect

STATUSES = st.sampled_from(["archived", "published", "draft"])


class CourseLife(Life):
    """``lessons``: ids in order, with the position of each."""

    @initialize(status=STATUSES)
    def create(self, status: str) -> None:
        answer = self.owner.post("/api/courses/", {"title": "Algebra"})
        self.id, self.course = answer.json["id"], f"/api/courses/{answer.json['id']}/"
        self.status, self.title = "draft", "Algebra"
        self.lessons: dict[str, int] = {}
        self.is_gone = self.has_student = False
        if status != "draft":
            self.add_lesson(None)
            self.publish()
        if status == "archived":
            self.archive()

    @precondition(lambda self: self.is_gone)
    @rule(status=STATUSES)
    def begin_anew(self, status: str) -> None:
        self.create(status)

    @property
    def order(self) -> list[str]:
        return sorted(self.lessons, key=lambda one: self.lessons[one])

    # --- its states

    def move(self, method: str, facet: str, before: str, after: str) -> None:
        """Only from one state to the next."""
        is_right = self.status == before and not (after == "published" and before == "draft" and not self.lessons)
        expect(self.owner.call(method, f"{self.course}{facet}/", headers=ANY), 200 if is_right else 409)
        if is_right:
            self.status = after

    @precondition(lambda self: not self.is_gone)
    @rule()
    def publish(self) -> None:
        self.move("PUT", "publication", "draft", "published")

    @precondition(lambda self: not self.is_gone)
    @rule()
    def unpublish(self) -> None:
        self.move("DELETE", "publication", "published", "draft")

    @precondition(lambda self: not self.is_gone)
    @rule()
    def archive(self) -> None:
        self.move("PUT", "archive", "published", "archived")
        self.move("PUT", "publication", "draft", "published")  # which opens nothing again

    @precondition(lambda self: not self.is_gone)
    @rule()
    def unarchive(self) -> None:
        self.move("DELETE", "archive", "archived", "published")

    @precondition(lambda self: not self.is_gone)
    @rule(title=st.sampled_from(["Algebra", "Топология", "A" * 200]))
    def rename(self, title: str) -> None:
        self.owner.patch(self.course, {"title": title}, headers=ANY)
        self.title = title

    # --- its lessons

    @precondition(lambda self: not self.is_gone and len(self.lessons) < 5)
    @rule(position=st.none() | st.integers(1, 6))
    def add_lesson(self, position: int | None) -> None:
        body = {"title": "L"} if position is None else {"title": "L", "position": position}
        is_taken = position in self.lessons.values()
        answer = expect(self.owner.post(f"{self.course}lessons/", body, None), 409 if is_taken else 201)
        if not is_taken:
            self.lessons[answer.json["id"]] = answer.json["position"]
            assert position is None or answer.json["position"] == position
            assert position is not None or answer.json["position"] == max(self.lessons.values())

    @precondition(lambda self: not self.is_gone and self.lessons)
    @rule(data=st.data())
    def delete_lesson(self, data: Any) -> None:
        """A published course keeps its last lesson only if somebody thought of it: the domain says nothing."""
        lesson = data.draw(st.sampled_from(self.order))
        answer = self.owner.delete(f"{self.course}lessons/{lesson}/", None, headers=ANY)
        expect(answer, 204, *[409] * (self.status != "draft" and len(self.lessons) == 1))
        if answer.status_int == 204:
            del self.lessons[lesson]

    @precondition(lambda self: not self.is_gone and self.lessons)
    @rule(data=st.data())
    def reorder(self, data: Any) -> None:
        ids = data.draw(st.permutations(self.order))
        rows = self.owner.put(f"{self.course}lessons/order/", {"lesson_ids": ids}, headers=ANY).json["results"]
        self.lessons = {row["id"]: row["position"] for row in rows}
        assert self.order == list(ids)

    @precondition(lambda self: not self.is_gone and self.lessons)
    @rule(data=st.data())
    def reorder_what_is_no_permutation(self, data: Any) -> None:
        order = self.order
        wrong = data.draw(
            st.sampled_from([order[1:], [*order, order[0]], [*order, self.id], [self.id, *order[1:]], []])
        )
        expect(self.owner.put(f"{self.course}lessons/order/", {"lesson_ids": wrong}, None, headers=ANY), 422)

    @precondition(lambda self: not self.is_gone and self.lessons)
    @rule(tag=st.sampled_from([None, '"stale"']))
    def reorder_what_has_changed(self, tag: str | None) -> None:
        headers = {} if tag is None else {"If-Match": tag}
        answer = self.owner.put(f"{self.course}lessons/order/", {"lesson_ids": self.order}, None, headers=headers)
        expect(answer, 428 if tag is None else 412)

    # --- who is in it, and its end

    @precondition(lambda self: not self.is_gone)
    @rule()
    def enrol(self) -> None:
        """A draft does not exist for strangers, and neither does an archived course."""
        is_seen = self.status == "published" or (self.status == "archived" and self.has_student)
        answer = self.student.put(f"{self.course}enrollments/me/", status=None)
        if self.status == "published":
            expect(answer, 200 if self.has_student else 201)
            self.has_student = True
        else:
            expect(answer, 409 if is_seen else 404)

    @precondition(lambda self: not self.is_gone)
    @rule(is_admin=st.booleans(), is_forced=st.booleans())
    def delete(self, is_admin: bool, is_forced: bool) -> None:
        actor = self.admin if is_admin else self.owner
        answer = actor.delete(f"{self.course}?force=true" if is_forced else self.course, None, headers=ANY)
        if is_forced and not is_admin:
            expect(answer, 403)
        elif self.has_student and not is_forced:
            assert expect(answer, 409).json["code"] == "has_dependents"
        else:
            expect(answer, 204)
            self.is_gone = True

    # --- what everybody sees

    @invariant()
    def it_is_as_the_model_says(self) -> None:
        if not hasattr(self, "course"):
            return
        if self.is_gone:
            expect(self.owner.get(self.course, None), 404)
            return
        told = self.owner.get(self.course).json
        assert (told["status"], told["title"]) == (self.status, self.title)
        rows = self.owner.get(f"{self.course}lessons/?limit=100").json["results"]
        assert [(row["id"], row["position"]) for row in rows] == [(one, self.lessons[one]) for one in self.order]

    @invariant()
    def only_who_may_see_it_does(self) -> None:
        if not hasattr(self, "course"):
            return
        is_public = self.status == "published" and not self.is_gone
        expect(self.stranger.get(self.course, None), 200 if is_public else 404)
        is_participants = not self.is_gone and self.has_student and self.status == "archived"
        expect(self.student.get(self.course, None), 200 if is_public or is_participants else 404)
        listed = {row["id"] for row in self.client.get("/api/courses/?limit=100").json["results"]}
        assert (self.id in listed) == is_public
