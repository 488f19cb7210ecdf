"""Clients that generators make of the document, by the commands of ``docs/clients.md``: from sign-in to a grade."""

import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.functional.pages import blocks, page, typed
from tests.functional.platform import ROOT, Caller, Platform

CLIENTS = ROOT / "tests/functional/clients"
TEACHER, PASSWORD = "tamara", "a long enough passphrase"
INSTALL = "pip install openapi-python-client\n"  # the tests have it
PROBE_TIMEOUT_S = 20


@pytest.fixture
def folder() -> Iterator[Path]:
    """Not pytest's own: npm must be able to read what lies above."""
    with tempfile.TemporaryDirectory(prefix="courseplatform-", ignore_cleanup_errors=True) as made:
        yield Path(made)


@pytest.fixture(scope="module")
def teacher(platform: Platform) -> str:
    """The name of one."""
    platform.run(
        "courseplatform", "create-admin", platform.ini,
        "--username", "root", "--email", "root@example.com", "--password", PASSWORD,
    )  # fmt: skip
    person = {"username": TEACHER, "email": "tamara@example.com", "password": PASSWORD}
    user = Caller(platform)("POST", "/api/auth/register/", 201, person)
    Caller(platform).sign_in("root", PASSWORD)("PATCH", f"/api/users/{user['id']}/", 200, {"role": "teacher"})
    return TEACHER


def commands(platform: Platform) -> list[str]:
    """The page's: for Python, for TypeScript."""
    section = page("clients.md").split("## Generated clients\n")[1].split("\n## ")[0]
    return [block.text.replace("http://127.0.0.1:6543", platform.url) for block in blocks(section)]


def without_npm() -> str:
    """Why the TypeScript client can't be made here; "" if it can."""
    if shutil.which("npm") is None:
        return "npm is not installed"
    try:
        done = subprocess.run(["npm", "ping"], capture_output=True, timeout=PROBE_TIMEOUT_S)
    except subprocess.TimeoutExpired:
        return "npm's registry does not answer"
    return "npm's registry is out of reach" if done.returncode else ""


def test_a_generated_python_client_goes_from_sign_in_to_a_grade(platform: Platform, teacher: str, folder: Path) -> None:
    python, _ = commands(platform)
    assert python.startswith(INSTALL)
    typed(folder, python.removeprefix(INSTALL))
    shutil.copy(CLIENTS / "journey.py", folder)
    typed(folder, "mypy --strict journey.py")
    typed(folder, f"python journey.py {platform.url} {teacher} '{PASSWORD}'")
    graded_in(platform, "Python by machine")


def test_a_generated_typescript_client_goes_from_sign_in_to_a_grade(
    platform: Platform, teacher: str, folder: Path
) -> None:
    if reason := without_npm():
        pytest.skip(reason)
    _, typescript = commands(platform)
    shutil.copy(CLIENTS / "journey.ts", folder)
    typed(folder, typescript)
    run = f'import {{ journey }} from "./out/journey.js"; await journey("{platform.url}", "{teacher}", "{PASSWORD}");'
    typed(folder, f"node --input-type=module --eval '{run}'")
    graded_in(platform, "TypeScript by machine")


def graded_in(platform: Platform, title: str) -> None:
    """The work is there, seen without any generated client."""
    teacher = Caller(platform).sign_in(TEACHER, PASSWORD)
    (course,) = teacher("GET", f"/api/courses/?search={title}", 200)["results"]
    (lesson,) = teacher("GET", f"/api/courses/{course['id']}/lessons/", 200)["results"]
    base = f"/api/courses/{course['id']}/lessons/{lesson['id']}/assignments/"
    (assignment,) = teacher("GET", base, 200)["results"]
    (submission,) = teacher("GET", f"{base}{assignment['id']}/submissions/", 200)["results"]
    assert (submission["grade"], submission["file"]["name"]) == (9, "ответ.txt")
