"""The whole learner's journey over HTTP, against a really running ``pserve`` with its embedded PostgreSQL."""

import hashlib
import shutil
import subprocess
import threading
import time
from typing import Any

import pytest

from tests.functional.pages import blocks
from tests.functional.platform import ROOT, Caller, Platform, free_port

PASSWORD = "a long enough passphrase"


def registered(platform: Platform, name: str) -> tuple[Caller, str]:
    anyone = Caller(platform)
    person = {"username": name, "email": f"{name}@example.com", "password": PASSWORD, "first_name": name.capitalize()}
    user = anyone("POST", "/api/auth/register/", 201, person)
    assert user["role"] == "student"
    return anyone.sign_in(name, PASSWORD), user["id"]


def eventually(ask: Any) -> Any:
    """What ``ask()`` gives as soon as it is truthy: background work takes a moment."""
    until = time.monotonic() + 20
    while not (found := ask()):
        assert time.monotonic() < until, "background work did not come"
        time.sleep(0.1)
    return found


def test_the_whole_journey_from_registration_to_certificate_and_review(platform: Platform) -> None:
    output = platform.run(
        "courseplatform", "create-admin", platform.ini,
        "--username", "root", "--email", "root@example.com", "--password", PASSWORD,
    )  # fmt: skip
    assert "root" in output
    admin = Caller(platform).sign_in("root", PASSWORD)

    # teach
    teacher, teacher_id = registered(platform, "tamara")
    teacher("POST", "/api/courses/", 403, {"title": "Too early"})
    admin("PATCH", f"/api/users/{teacher_id}/", 200, {"role": "teacher"})
    course = teacher("POST", "/api/courses/", 201, {"title": "Алгебра", "description": "Первые шаги"})
    base = f"/api/courses/{course['id']}/"
    lesson = teacher("POST", base + "lessons/", 201, {
        "title": "Числа",
        "materials": [{"kind": "video", "title": "Lecture", "url": "https://example.com/1.mp4"}],
    })  # fmt: skip
    lesson_path = f"{base}lessons/{lesson['id']}/"
    task = {"title": "Count to ten", "max_points": 10, "pass_points": 6, "due_at": "2036-01-01T12:00:00+03:00"}
    assignment = teacher("POST", lesson_path + "assignments/", 201, task)
    assert assignment["due_at"] == "2036-01-01T09:00:00Z"
    assignment_path = f"{lesson_path}assignments/{assignment['id']}/"
    teacher("PUT", base + "publication/", 200)

    # enrol
    student, _ = registered(platform, "sasha")
    assert [c["title"] for c in student("GET", "/api/courses/?search=алгебра", 200)["results"]] == ["Алгебра"]
    student("GET", lesson_path, 403)
    student("PUT", base + "enrollments/me/", 201)
    student("PUT", base + "enrollments/me/", 200)
    assert student("GET", lesson_path, 200)["materials"][0]["kind"] == "video"

    # learn and submit
    assert student("GET", base + "progress/", 200)["percent"] == 0
    student("PUT", lesson_path + "completion/", 200)
    content = "1 2 3 … 10, и так далее".encode()
    files = {"file": ("ответ.txt", content, "text/html")}
    submission = student("POST", assignment_path + "submissions/", 201, files=files, data={"text": "See the file"})
    submission_path = f"{assignment_path}submissions/{submission['id']}/"
    assert submission["file"]["sha256"] == hashlib.sha256(content).hexdigest()
    assert student("GET", submission_path + "file/", 200) == content
    student("POST", submission_path + "comments/", 201, {"text": "Is this enough?"})

    # grade: only with the ETag that was read
    teacher("GET", submission_path, 200)
    etag = teacher.etag
    grade = {"grade": 9, "feedback": "Good"}
    teacher("PUT", submission_path + "grade/", 428, grade)
    student("PUT", submission_path + "grade/", 403, grade, headers={"If-Match": etag})
    graded = teacher("PUT", submission_path + "grade/", 200, grade, headers={"If-Match": etag})
    assert (graded["status"], graded["grade"], graded["is_checked"]) == ("checked", 9, True)
    teacher("PUT", submission_path + "grade/", 412, grade, headers={"If-Match": etag})

    # certify: by rule, in the background
    certificates = eventually(lambda: student("GET", "/api/users/certificates/", 200)["results"])
    assert [c["course_id"] for c in certificates] == [course["id"]]
    proof = Caller(platform)("GET", f"/api/certificates/{certificates[0]['verification_code']}/", 200)
    assert proof["is_valid"] and proof["course_title"] == "Алгебра"
    kinds = {"graded", "certificate_issued"}
    eventually(lambda: kinds <= {n["kind"] for n in student("GET", "/api/users/notifications/", 200)["results"]})

    # review
    student("POST", base + "reviews/", 201, {"rating": 5, "text": "Спасибо!"})
    student("POST", base + "reviews/", 409, {"rating": 1})
    assert Caller(platform)("GET", base, 200)["review_average"] == 5.0

    # leave
    student("POST", "/api/auth/logout/", 204)
    student("GET", "/api/users/me/", 401)


def test_a_second_start_keeps_the_data(platform: Platform) -> None:
    before = Caller(platform)("GET", "/api/courses/", 200)
    platform.stop()
    platform.start()
    assert Caller(platform)("GET", "/api/courses/", 200) == before
    welcome = platform.log.read_text()
    assert f"{platform.url}/api/" in welcome and "courseplatform demo" in welcome
    assert "Mail  is not sent but written to " in welcome


def test_mail_lies_in_a_folder_and_its_link_is_answered(platform: Platform) -> None:
    registered(platform, "maria")
    folder = platform.folder / "var" / "mail"
    (text,) = eventually(lambda: [t for p in folder.glob("*.eml") if "maria@" in (t := p.read_text())])
    token = text.partition("/api/auth/email-verification/?token=")[2].split()[0]
    anyone = Caller(platform)
    where = anyone("GET", f"/api/auth/email-verification/?token={token}", 200)
    anyone(where["method"], where["path"], 204, {"token": token})
    assert anyone.sign_in("maria", PASSWORD)("GET", "/api/users/me/", 200)["email_verified_at"]


def test_migrate_says_where_the_schema_is(platform: Platform) -> None:
    assert "The schema is at 0" in platform.run("courseplatform", "migrate", platform.ini)


def test_pshell_offers_request_models_and_operations(platform: Platform) -> None:
    script = """
course = Course(title="By hand", teacher_id=db.query(User).filter_by(username="tamara").one().id,
                created_at=request.now, updated_at=request.now)
db.add(course); db.flush()
db.add(Lesson(course_id=course.id, title="One", position=1, created_at=request.now)); db.flush()
publish_course(request, course, by_user_id=course.teacher_id)
tm.commit()
print("status", course.status)
"""
    output = platform.run("pshell", platform.ini, input=script)
    assert "status published" in output
    titles = [course["title"] for course in Caller(platform)("GET", "/api/courses/", 200)["results"]]
    assert "By hand" in titles


def test_the_demo_fills_a_believable_world_and_can_be_repeated(platform: Platform) -> None:
    first = platform.run("courseplatform", "demo", platform.ini)
    assert "curl" in first
    courses = Caller(platform)("GET", "/api/courses/?limit=100", 200)["results"]
    assert len(courses) >= 6
    assert any("а" in course["title"] for course in courses)
    second = platform.run("courseplatform", "demo", platform.ini)
    assert "curl" in second
    assert Caller(platform)("GET", "/api/courses/?limit=100", 200)["results"] == courses


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
def test_the_journey_in_the_readme_runs_word_for_word(platform: Platform) -> None:
    readme = (ROOT / "README.md").read_text()
    script = readme.split("## The whole journey")[1].split("```sh\n")[1].split("```")[0]
    script = script.replace("http://127.0.0.1:6543", platform.url)
    done = subprocess.run(["bash", "-euo", "pipefail", "-c", script], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "problems" not in done.stdout
    assert '"is_valid":true' in done.stdout and '"rating":5' in done.stdout


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
def test_the_walk_on_the_clients_page_runs_word_for_word(platform: Platform) -> None:
    text = (ROOT / "docs/clients.md").read_text()
    steps = text[text.index("## From sign-in") : text.index("## The contract")]
    script = "\n".join(block.text for block in blocks(steps)).replace("http://127.0.0.1:6543", platform.url)
    done = subprocess.run(["bash", "-euo", "pipefail", "-c", script], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    refused, _, *lines = done.stdout.splitlines()
    assert "must have at least 10" in refused
    assert lines[:2] == ["201", "200"]
    assert "'state': 'open'" in lines[2]
    assert "submissions/': True" in lines[3]
    assert lines[4] == "False"
    assert lines[5].startswith("HTTP/1.1 201") and "Idempotent-Replayed: true" in lines[5:8]
    assert lines[-2:] == ["1", "304"]


def test_a_bad_administrator_is_refused_in_one_line(platform: Platform) -> None:
    command = [platform.script("courseplatform"), "create-admin", platform.ini, "--username", "x", "--email", "bad"]
    done = subprocess.run(
        [*command, "--password", "short"], env=platform.environ, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 1
    assert "username must have at least 3" in done.stderr and "password" in done.stderr
    assert "Traceback" not in done.stderr and "short" not in done.stderr


def test_a_command_of_a_plugin_without_an_ini_file_says_that_it_needs_one(platform: Platform) -> None:
    command = [platform.script("courseplatform"), "create-admin", "--help"]
    done = subprocess.run(command, env=platform.environ, capture_output=True, text=True, timeout=60)
    assert done.returncode == 2 and "courseplatform COMMAND production.ini" in done.stderr


@pytest.mark.parametrize("command", ["migrate", "create-admin"])
def test_a_database_that_is_out_of_reach_ends_a_command_with_the_reason(platform: Platform, command: str) -> None:
    word = "of-the-database-7Tq"
    url = f"postgresql://olga:{word}@127.0.0.1:{free_port()}/courses"
    olga = ["--username", "olga", "--email", "olga@example.org", "--password", PASSWORD]
    line = [platform.script("courseplatform"), command, platform.ini, *(olga if command == "create-admin" else [])]
    environ = {**platform.environ, "DATABASE_URL": url}
    done = subprocess.run(line, env=environ, capture_output=True, text=True, timeout=60)
    assert done.returncode == 1
    assert "Error: The database can't be reached: " in done.stderr and "Connection refused" in done.stderr
    assert not [word for word in (word, "Traceback") if word in done.stdout + done.stderr]


class Enough(Exception):
    """The page's loop never ends by itself."""


def test_the_polling_on_the_clients_page_sees_what_happens_while_it_runs(platform: Platform) -> None:
    admin = Caller(platform).sign_in("root", PASSWORD)
    reader, reader_id = registered(platform, "polly")
    seen: list[str] = []

    def write(message: str) -> None:
        admin("POST", "/api/users/notifications/", 201, {"recipient_id": reader_id, "message": message})

    def show(notification: Any) -> None:
        seen.append(notification["message"])
        if len(seen) == 2:
            raise Enough
        threading.Timer(0.5, write, ["second"]).start()  # after polls that were 304

    token = reader.session.headers["Authorization"].removeprefix("Bearer ")
    page = (ROOT / "docs/clients.md").read_text()
    namespace: dict[str, Any] = {}
    (loop,) = (block for block in page.split("```python\n")[1:] if "def follow" in block.split("```")[0])
    exec(loop.split("```")[0], namespace)
    write("first")
    with pytest.raises(Enough):
        namespace["follow"](f"{platform.url}/api", token, show, every_s=0.1)
    assert seen == ["first", "second"]
