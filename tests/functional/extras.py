"""What ``docs/plugins/directives.md`` promises of its plugin ``acme_extras``: copied beside that, and run by pytest."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from click.testing import CliRunner

from courseplatform.cli import main as courseplatform
from courseplatform.testing import id_of, make_app
from plugins.accounts.testing import make_user
from plugins.courses.testing import make_course
from plugins.enrollments.testing import enrol
from plugins.lessons.testing import make_lesson

SIGNING_KEY = "pU7x2Vb9Qe4Tz6Ka1Lm8Rd3Wn5Yc0HsJ"


@pytest.fixture
def badge(teacher: Any, course: str) -> str:
    return teacher.post(f"{course}extra-badges/", {"title": "Group theory"}).location


def award(teacher: Any, badge: str, user: Any, status: int = 200) -> Any:
    return teacher.put(f"{badge}award/", {"student_id": user.id}, status=status)


def test_badges_are_made_once_and_paged_with_their_holders(teacher: Any, client: Any, course: str, badge: str) -> None:
    refused = teacher.post(f"{course}extra-badges/", {"title": "Group theory"}, status=409)
    assert refused.json["code"] == "badge_exists"
    award(teacher, badge, teacher)
    assert award(teacher, badge, teacher, status=409).json["code"] == "has_badge"
    (shown,) = client.get(f"{course}extra-badges/").json["results"]
    assert (shown["title"], shown["holder_count"]) == ("Group theory", 1)
    assert client.get("/api/extras-motto/").json == {"motto": "Everybody wins"}


def test_a_picture_is_kept_because_its_column_owns_it(teacher: Any, badge: str) -> None:
    for content in (b"one", b"two"):
        shown = teacher.call("PUT", f"{badge}picture/", raw=content, content_type="image/png", status=200)
    assert shown.json["has_picture"] is True
    assert [owner["table_name"] for owner in teacher.registry["files.owners"]].count("extras_badges") == 1


def test_making_badges_is_limited(teacher: Any, course: str, monkeypatch: pytest.MonkeyPatch) -> None:
    from courseplatform.limits import rate

    monkeypatch.setitem(teacher.registry.settings, "limits.badges", rate("1/minute"))
    teacher.post(f"{course}extra-badges/", {"title": "One"})
    teacher.post(f"{course}extra-badges/", {"title": "Two"}, status=429)


def test_who_holds_no_badge_of_the_course_cannot_delete_it(client: Any, teacher: Any, course: str, badge: str) -> None:
    teacher.delete(course, status=403)
    award(teacher, badge, teacher)
    assert teacher.delete(course, status=409).json["dependents"] == {"badges": 1}


def test_without_a_verified_address_nobody_makes_badges(
    teacher: Any, course: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(teacher.registry.settings, "accounts.require_verified_email", True)
    refused = teacher.post(f"{course}extra-badges/", {"title": "One"}, status=403)
    assert refused.json["code"] == "email_not_verified"


def test_a_course_has_a_level_in_and_out(teacher: Any, client: Any, course: str) -> None:
    level = {"level": 2, "note": ""}
    assert teacher.patch(course, {"extensions": {"level": {"level": 2}}}).json["extensions"] == {"level": level}
    teacher.patch(course, {"extensions": {"level": {"note": "with proofs"}}})
    make_course(client, teacher, title="Without")
    (found,) = client.get("/api/courses/?level=2&expand=level").json["results"]
    assert found["extensions"] == {"level": {**level, "note": "with proofs"}}
    titles = [row["title"] for row in client.get("/api/courses/?ordering=level").json["results"]]
    assert titles == ["Without", "Algebra"]
    teacher.patch(course, {"extensions": {"level": None}})
    assert client.get("/api/courses/?level=2").json["results"] == []


def test_a_subscriber_refuses(teacher: Any, client: Any) -> None:
    draft = make_course(client, teacher, status="draft")
    make_lesson(client, draft)
    assert teacher.put(f"{draft}publication/", status=409).json["code"] == "no_level"
    assert teacher.get(draft).json["status"] == "draft"
    teacher.patch(draft, {"extensions": {"level": {"level": 1}}})
    teacher.put(f"{draft}publication/")


def test_a_dry_run_says_what_would_follow(teacher: Any, student: Any, queue: Any, course: str, badge: str) -> None:
    dry = {"Prefer": "dry-run"}
    told = teacher.put(f"{badge}award/", {"student_id": student.id}, headers=dry).json
    assert told["forecasts"]["parties"] == {"people": 1}
    assert teacher.put(f"{course}archive/", headers=dry).json["forecasts"]["badges"] == {"held": 0}
    award(teacher, badge, student)
    assert teacher.put(f"{course}archive/", headers=dry).json["forecasts"]["badges"] == {"held": 1}


def test_an_award_is_celebrated_after_the_commit(teacher: Any, student: Any, queue: Any, badge: str) -> None:
    award(teacher, badge, student)
    told = {name for name, _ in queue.pending()}
    assert "acme_extras.jobs.celebrate" in told
    assert "acme_extras.jobs.celebrate" in teacher.registry["jobs.bulk"]
    queue.run_all()


def test_badges_that_nobody_holds_go_after_a_year(teacher: Any, badge: str, clock: Any) -> None:
    from acme_extras.jobs import drop_unloved_badges

    assert (drop_unloved_badges, 86_400) in teacher.registry["jobs.periodic"]
    clock.move(days=370)
    with teacher.script() as request:
        drop_unloved_badges(request)
    teacher.get(badge, status=404)


def test_students_are_told(teacher: Any, enrolled_student: Any, queue: Any, badge: str) -> None:
    award(teacher, badge, enrolled_student)
    queue.run_all()
    (told,) = enrolled_student.get("/api/users/notifications/").json["results"]
    assert told["message"] == 'You won "Group theory".'


def test_people_get_their_data_and_are_forgotten(client: Any, teacher: Any, admin: Any, queue: Any, badge: str) -> None:
    from plugins.accounts.exports import export

    user = make_user(client)
    award(teacher, badge, user)
    with client.script() as request:
        assert f'"badges":[{{"badge_id":"{id_of(badge)}"}}]' in export(request, user.user_id).decode()
    admin.delete(f"/api/users/{user.id}/")
    queue.run_all()
    assert teacher.get(badge).json["holder_count"] == 0


def test_badges_count_for_progress(teacher: Any, enrolled_student: Any, course: str, badge: str) -> None:
    def part() -> Any:
        return enrolled_student.get(f"{course}progress/").json["sources"]["badges"]

    assert part() == {"done": 0, "total": 1}
    award(teacher, badge, enrolled_student)
    assert part() == {"done": 1, "total": 1}


def test_a_lesson_is_for_its_readers(client: Any, course: str, lesson: str, enrolled_student: Any) -> None:
    from acme_extras.models import LessonReader

    other = make_user(client)
    enrol(client, course, other)
    other.get(lesson)
    with client.script() as request:
        request.db.add(LessonReader(lesson_id=UUID(id_of(lesson)), student_id=enrolled_student.user_id))
    enrolled_student.get(lesson)
    other.get(lesson, status=404)


def test_some_have_extra_time(client: Any, teacher: Any, lesson: str, enrolled_student: Any) -> None:
    from acme_extras.models import ExtraTime

    due_at = datetime.now(UTC).replace(microsecond=0) + timedelta(days=9)
    assignment = teacher.post(f"{lesson}assignments/", {"title": "Count", "max_points": 10}).location
    with client.script() as request:
        row = ExtraTime(assignment_id=UUID(id_of(assignment)), student_id=enrolled_student.user_id, due_at=due_at)
        request.db.add(row)
    shown = enrolled_student.get(assignment).json["deadline"]["due_at"]
    assert datetime.fromisoformat(shown) == due_at
    assert teacher.get(assignment).json["deadline"]["due_at"] is None


def test_a_kiosk_reads_and_does_not_write(
    client: Any, teacher: Any, badge: str, course: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from acme_extras.tokens import kiosk_token

    monkeypatch.setitem(client.registry.settings, "extras.signing_key", SIGNING_KEY)
    kiosk = client.as_(kiosk_token(SIGNING_KEY, teacher.user_id))
    kiosk.get(badge)
    refused = kiosk.post(f"{course}extra-badges/", {"title": "One"}, status=403)
    assert refused.json["code"] == "insufficient_scope"
    client.as_(kiosk_token("guessed", teacher.user_id)).get(badge, status=401)


def test_operators_see_what_is_there(client: Any, teacher: Any, badge: str, monkeypatch: pytest.MonkeyPatch) -> None:
    counted = client.registry["counters"].registry.get_sample_value
    before = counted("courseplatform_extras_awarded_total")
    award(teacher, badge, teacher)
    award(teacher, badge, teacher, status=409)
    assert client.get("/api/").json["capabilities"]["extras"] == "Badges, and levels up to 9"
    monkeypatch.setitem(client.registry.settings, "metrics.token", SIGNING_KEY)
    figures = client.as_(SIGNING_KEY).get("/metrics").text
    assert "courseplatform_extras_awards 1.0" in figures
    assert f"courseplatform_extras_awarded_total {before + 1}" in figures
    client.get("/health/ready")
    assert [check.name for check in client.registry["health.checks"]] == ["extras"]


def test_a_configuration_that_contradicts_itself_does_not_start(database_url: str, tmp_path: Any) -> None:
    levels = {"extras.first_level": "5", "extras.last_level": "2"}
    with pytest.raises(Exception, match=r"extras.first_level: must not be above extras.last_level"):
        make_app(database_url, tmp_path, **levels)


def test_the_command_is_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.argv", ["courseplatform", "count-awards", "platform.ini"])
    done = CliRunner().invoke(courseplatform, ["count-awards", "platform.ini"])
    assert (done.exit_code, done.output.split()[-1]) == (0, "0"), done.output


def test_a_gate_says_who_calls(database_url: str, tmp_path: Any) -> None:
    from webtest import TestApp

    from courseplatform import main
    from courseplatform.testing import without_environment

    with without_environment():
        app = main(
            {},
            **{
                "courseplatform.plugins": "acme_gate",
                "courseplatform.var_dir": str(tmp_path),
                "database.url": database_url,
                "http.base_url": "https://courses.test",
                "mail.folder": str(tmp_path),
            },
        )
    user_id = str(uuid4())
    gate = TestApp(app)
    assert gate.get("/api/hall/", headers={"X-Gate-User": user_id}).json == {"id": user_id}
    gate.get("/api/hall/", status=401)
    app.registry["db.engine"].dispose()
