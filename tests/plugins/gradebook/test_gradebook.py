"""The gradebook: a page as JSON, all of it as CSV."""

import csv
import io
from typing import Any

import pytest
from webob import Request

from courseplatform.testing import Client, counted_statements
from plugins.accounts.models import User
from plugins.enrollments.api import progress_of
from tests.factories.accounts import Actor, make_user
from tests.factories.assignments import make_assignment
from tests.factories.courses import id_of, make_course
from tests.factories.enrollments import enrol
from tests.factories.lessons import make_lesson
from tests.factories.many import enrol_many
from tests.factories.submissions import make_submission


@pytest.fixture
def assignment(client: Client, lesson: str) -> str:
    return make_assignment(client, lesson, title="Sheet 1", max_points=10, pass_points=5)


@pytest.fixture
def learner(enrolled_student: Actor) -> Actor:
    return enrolled_student


def cells(teacher: Client, course: str) -> dict[str, Any]:
    """Those of the only student, by assignment."""
    (line,) = teacher.get(f"{course}gradebook/").json["results"]
    return {cell["assignment_id"]: cell for cell in line["cells"]}


def lines_of(response: Any) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(response.body.decode("utf-8-sig"), newline="")))


def checked(client: Client, assignment: str, student: Actor, grade: int) -> str:
    return make_submission(client, assignment, student, status="checked", grade=grade)


def test_a_line_has_the_student_the_cells_and_the_totals(
    client: Client, teacher: Actor, course: str, lesson: str, assignment: str, learner: Actor
) -> None:
    second = make_assignment(client, lesson, title="Sheet 2", max_points=20, is_required=False)
    work = checked(client, assignment, learner, 7)
    waiting = make_submission(client, second, learner, is_late=True)
    body = teacher.get(f"{course}gradebook/").json
    assert [(column["assignment_id"], column["title"], column["max_points"]) for column in body["columns"]] == [
        (id_of(assignment), "Sheet 1", 10),
        (id_of(second), "Sheet 2", 20),
    ]
    (line,) = body["results"]
    assert line["student"]["id"] == learner.id
    assert "email" not in line["student"]
    assert (line["total_points"], line["max_points"], line["progress_percent"]) == (7, 30, 50)
    facts = {"attempt": 1, "counts": True}
    assert sorted(line["cells"], key=lambda cell: cell["status"]) == [
        {
            **facts, "assignment_id": id_of(assignment), "submission_id": id_of(work), "status": "checked", "grade": 7,
            "is_late": False, "is_passed": True, "needs_grading": False,
        },
        {
            **facts, "assignment_id": id_of(second), "submission_id": id_of(waiting), "status": "submitted",
            "grade": None, "is_late": True, "is_passed": False, "needs_grading": True,
        },
    ]  # fmt: skip


def test_its_pages_say_in_links_what_those_of_other_lists_do(
    client: Client, teacher: Actor, course: str, learner: Actor
) -> None:
    enrol(client, course, make_user(client))
    page = teacher.get(f"{course}gradebook/?limit=1")
    assert page.json["next"]
    assert f'<{page.json["next"]}>; rel="next"' in page.headers["Link"]


def test_the_best_checked_attempt_counts_as_it_does_for_progress(
    client: Client, teacher: Actor, course: str, assignment: str, learner: Actor
) -> None:
    best = checked(client, assignment, learner, 6)
    checked(client, assignment, learner, 4)
    make_submission(client, assignment, learner)
    cell = cells(teacher, course)[id_of(assignment)]
    assert (cell["submission_id"], cell["attempt"], cell["grade"]) == (id_of(best), 1, 6)
    assert (cell["is_passed"], cell["needs_grading"]) == (True, True)
    with client.script() as request:
        assert progress_of(request, id_of(course), learner.user_id)["sources"]["submissions"]["done"] == 1


def test_without_a_checked_attempt_the_latest_stands_and_drafts_are_nobodys_business(
    client: Client, teacher: Actor, course: str, lesson: str, assignment: str, learner: Actor
) -> None:
    make_submission(client, assignment, learner, status="returned")
    latest = make_submission(client, assignment, learner)
    make_submission(client, make_assignment(client, lesson), learner, status="draft")
    (cell,) = cells(teacher, course).values()
    assert (cell["submission_id"], cell["status"]) == (id_of(latest), "submitted")


def test_what_students_can_not_see_does_not_count(
    client: Client, teacher: Actor, course: str, assignment: str, learner: Actor
) -> None:
    hidden = make_assignment(client, make_lesson(client, course, is_published=False), max_points=100)
    checked(client, hidden, learner, 90)
    checked(client, assignment, learner, 3)
    (line,) = teacher.get(f"{course}gradebook/").json["results"]
    assert (line["total_points"], line["max_points"]) == (3, 10)
    assert {cell["assignment_id"]: cell["counts"] for cell in line["cells"]} == {
        id_of(hidden): False,
        id_of(assignment): True,
    }


def test_it_is_paged_and_shows_those_who_take_the_course_unless_asked_otherwise(
    client: Client, teacher: Actor, course: str
) -> None:
    students = [make_user(client) for _ in range(5)]
    for student, status in zip(students, ("active", "completed", "active", "dropped", "removed"), strict=True):
        enrol(client, course, student, status)
    first = teacher.get(f"{course}gradebook/?limit=2").json
    second = teacher.get(first["next"]).json
    got = [line["student"]["id"] for page in (first, second) for line in page["results"]]
    assert got == [student.id for student in students[:3]]
    (gone,) = teacher.get(f"{course}gradebook/?status=dropped").json["results"]
    assert gone["student"]["id"] == students[3].id
    assert [line["status"] for line in lines_of(teacher.get(f"{course}gradebook/?status=removed&format=csv"))] == [
        "removed"
    ]
    teacher.get(f"{course}gradebook/?status=gone", 422)
    teacher.get(f"{course}gradebook/?format=xml", 422)


def test_another_courses_grades_are_in_another_gradebook(
    client: Client, teacher: Actor, course: str, assignment: str, learner: Actor
) -> None:
    other = make_course(client, teacher)
    elsewhere = make_assignment(client, make_lesson(client, other))
    enrol(client, other, learner)
    checked(client, elsewhere, learner, 50)
    assert cells(teacher, course) == {}
    assert set(cells(teacher, other)) == {id_of(elsewhere)}


def test_as_csv_it_is_the_whole_course_and_no_cell_is_a_formula(
    client: Client, teacher: Actor, course: str, lesson: str, assignment: str, learner: Actor
) -> None:
    make_assignment(client, lesson, title='=cmd|"/c calc"!A1')
    checked(client, assignment, learner, 7)
    with client.script() as request:
        request.db.get(User, learner.user_id).first_name = "@SUM(1+1)"
    for response in (
        teacher.get(f"{course}gradebook/?format=csv"),
        teacher.get(f"{course}gradebook/", headers={"Accept": "text/csv"}),
    ):
        assert response.content_type == "text/csv"
        assert response.headers["Content-Disposition"].startswith("attachment;")
        assert response.headers["Vary"] == "Accept"
        (line,) = lines_of(response)
        assert list(line) == [
            "student_id", "username", "last_name", "first_name", "status", "Sheet 1 (10)", "'=cmd|\"/c calc\"!A1 (100)",
            "total_points", "max_points", "progress_percent",
        ]  # fmt: skip
        assert (line["first_name"], line["Sheet 1 (10)"], line["total_points"]) == ("'@SUM(1+1)", "7", "7")
        assert line["student_id"] == learner.id
    assert b",7," in response.body  # a number, and no text
    assert "email" not in response.text
    assert teacher.get(f"{course}gradebook/?format=csv&bom=true").body.startswith(b"\xef\xbb\xbf")
    json = teacher.get(f"{course}gradebook/", headers={"Accept": "*/*"})
    assert (json.content_type, json.headers["Vary"]) == ("application/json", "Accept")


def test_a_program_needs_the_scope_of_grades(client: Client) -> None:
    assert "gradebook:view" in client.registry["scopes"]["submissions:read"].permissions


def test_it_costs_as_much_for_many_students_and_assignments_as_for_one(
    client: Client, teacher: Actor, course: str, lesson: str, assignment: str, learner: Actor
) -> None:
    def cost(query: str) -> int:
        with counted_statements(client.registry) as statements:
            teacher.get(f"{course}gradebook/?{query}")
        return len(statements)

    checked(client, assignment, learner, 7)
    before = cost("limit=100"), cost("format=csv")
    for _ in range(3):
        made, student = make_assignment(client, lesson), make_user(client)
        enrol(client, course, student)
        checked(client, made, student, 5)
        checked(client, assignment, learner, 5)
    assert (cost("limit=100"), cost("format=csv")) == before
    assert max(before) <= 8


# --- the stream, truly committing


@pytest.fixture
def crowd(committing_client: Client) -> tuple[Actor, str]:
    """A teacher, and a course that 450 students take: three chunks."""
    client = committing_client
    teacher = make_user(client, "teacher")
    course = make_course(client, teacher)
    enrol_many(client, course, 450)
    return teacher, course


def stream(teacher: Actor, course: str) -> Any:
    """The chunks, as a server would ask for them."""
    request = Request.blank(f"{course}gradebook/?format=csv", headers={"Authorization": f"Bearer {teacher.token}"})
    status, _, chunks = request.call_application(teacher.app)
    assert status == "200 OK"
    return chunks


def test_a_stream_holds_no_connection_while_its_reader_is_slow_or_gone(crowd: tuple[Actor, str]) -> None:
    teacher, course = crowd
    pool = teacher.registry["db.engine"].pool
    chunks = stream(teacher, course)
    read = iter(chunks)
    sizes = []
    for _ in range(3):
        sizes.append(next(read).count(b"\r\n"))
        assert pool.checkedout() == 0
    chunks.close()  # as a server does when the client has hung up
    assert sizes == [1, 200, 200]
    assert pool.checkedout() == 0


def test_every_student_is_there_once(crowd: tuple[Actor, str]) -> None:
    teacher, course = crowd
    names = [line["username"] for line in lines_of(teacher.get(f"{course}gradebook/?format=csv"))]
    assert len(names) == 450 == len(set(names))
