"""What dry runs say of certificates that the rule would issue."""

from courseplatform.testing import Client
from plugins.certificates import forecasts
from tests.factories.accounts import Actor
from tests.factories.courses import id_of

DRY = {"Prefer": "dry-run"}


def test_the_last_lesson_brings_a_certificate(client: Client, course: str, enrolled: Actor) -> None:
    (lesson,) = enrolled.get(f"{course}lessons/").json["results"]
    completion = f"{course}lessons/{lesson['id']}/completion/"
    told = enrolled.put(completion, headers=DRY).json
    assert told["forecasts"] == {"certificates": {"issued": 1}}
    assert [event["type"] for event in told["events"]] == ["enrollment.completed"]
    client.run_jobs()
    assert enrolled.get("/api/users/certificates/").json["results"] == []
    enrolled.put(completion)
    client.run_jobs()
    assert len(enrolled.get("/api/users/certificates/").json["results"]) == 1
    with client.script() as request:
        call = {"student_id": enrolled.user_id, "course_id": id_of(course)}
        assert forecasts.earned(request, [call]) == {"issued": 0}


def test_a_lesson_too_few_brings_none(client: Client, course: str, teacher: Actor, enrolled: Actor) -> None:
    second = teacher.post(f"{course}lessons/", {"title": "Two"}).location
    assert enrolled.put(f"{second}completion/", headers=DRY).json["forecasts"] == {}
