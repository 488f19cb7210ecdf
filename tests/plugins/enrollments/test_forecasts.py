"""What dry runs say of those who take courses."""

import pytest

from courseplatform.testing import Client
from plugins.enrollments.models import Enrollment
from tests.factories.accounts import Actor, make_user
from tests.factories.enrollments import enrol

DRY = {"Prefer": "dry-run"}


@pytest.fixture
def students(client: Client, course: str) -> list[Actor]:
    """Three who take the course, of whom one has left."""
    people = [make_user(client) for _ in range(3)]
    for student in people:
        enrol(client, course, student)
    with client.script() as request:
        request.db.query(Enrollment).filter_by(student_id=people[2].user_id).one().status = "dropped"
    return people


@pytest.mark.parametrize(
    ("method", "address", "told"),
    [
        ("DELETE", "publication/", {"lose_access": 2}),
        ("PUT", "archive/", {"read_only": 2}),
        ("DELETE", "?force=true", {"lose_access": 2}),
    ],
)
def test_it_says_how_many_students_will_feel_it(
    method: str, address: str, told: dict[str, int], admin: Actor, course: str, students: list[Actor]
) -> None:
    answer = admin.call(method, f"{course}{address}", headers=DRY, status=200).json
    assert answer["forecasts"]["students"] == told
    assert students[0].get(course).json["status"] == "published"


def test_an_erasure_says_how_many_courses_lose_a_student(admin: Actor, students: list[Actor]) -> None:
    for student, count in ((students[0], 1), (students[2], 0)):
        told = admin.delete(f"/api/users/{student.id}/", headers=DRY, status=200).json
        assert told["forecasts"]["enrollments"] == {"dropped": count}
        student.get("/api/users/me/")
