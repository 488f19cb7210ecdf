"""The catalogue of errors and the code agree: every code that is raised is declared, as it is raised, and no other."""

import ast
import re
from collections.abc import Iterator
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import NamedTuple

from courseplatform import errors
from courseplatform.api import ApiError, Problem
from courseplatform.problems import EVERY, PROBLEMS, fault_of
from courseplatform.testing import Client

ROOT = Path(__file__).resolve().parents[2]
FOLDERS = ("courseplatform", "plugins", "examples")
FAMILY = {cls.__name__: cls for cls in vars(errors).values() if isinstance(cls, type) and issubclass(cls, ApiError)}
#: Of ``ApiError`` itself: no members of the body.
ARGUMENTS = ("code", "detail", "errors", "headers")


class Raised(NamedTuple):
    """``status`` None: the catalogue's."""

    code: str
    status: int | None
    members: tuple[str, ...]
    where: str


def raises_in(path: Path) -> Iterator[Raised]:
    for node in ast.walk(ast.parse(path.read_text())):
        where = f"{path.relative_to(ROOT)}:{getattr(node, 'lineno', 0)}"
        if isinstance(node, ast.Dict):
            for key, value in zip(node.keys, node.values, strict=True):
                if isinstance(key, ast.Constant) and key.value == "conflict" and isinstance(value, ast.Constant):
                    yield Raised(value.value, 409, (), where)
        if not isinstance(node, ast.Call):
            continue
        called = ast.unparse(node.func).removeprefix("errors.")
        given = {keyword.arg: keyword.value for keyword in node.keywords}
        if called in FAMILY:
            cls, code = FAMILY[called], node.args[0] if node.args else given.get("code")
            assert code is None or isinstance(code, ast.Constant), f"{where}: name the code, so that it can be checked"
            assert None not in given, f"{where}: name the members, so that they can be checked"
            members = tuple(sorted(str(name) for name in given if name not in ARGUMENTS))
            yield Raised(code.value if code else cls.code, None if cls is ApiError else cls.status, members, where)
        elif called == "Invalid.field":
            yield Raised("invalid", 422, (), where)
        elif called.endswith("add_restriction") and isinstance(code := given.get("code"), ast.Constant):
            yield Raised(code.value, 403, (), where)
        elif called in ("problem", "errors.problem") and isinstance(code := node.args[2], ast.Constant):
            status = node.args[1]
            yield Raised(code.value, status.value if isinstance(status, ast.Constant) else None, (), where)


def all_raised() -> list[Raised]:
    files = [path for folder in FOLDERS for path in sorted((ROOT / folder).rglob("*.py")) if "tests" not in path.parts]
    of_http = [Raised(code, status, (), "errors.HTTP_CODES") for status, code in errors.HTTP_CODES.items()]
    own = [
        Raised("invalid_token", 401, (), "errors.forbidden"),
        Raised("insufficient_scope", 403, (), "errors.forbidden"),
    ]
    return [*of_http, *own, *(raised for path in files for raised in raises_in(path))]


def catalogue() -> dict[str, Problem]:
    """Core's, every plugin's, the template's and the example's."""
    found = dict(PROBLEMS)
    for folder in FOLDERS[1:]:
        for path in sorted((ROOT / folder).rglob("problems.py")):
            found |= declared_in(path)
    return found | declared_in(ROOT / "courseplatform/scaffold/template/newplugin_name/problems.py")


def declared_in(path: Path) -> dict[str, Problem]:
    spec = spec_from_file_location(f"declared_in_{path.parent.name}", path)
    assert spec and spec.loader
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    declared: dict[str, Problem] = module.PROBLEMS
    return declared


def test_what_is_raised_is_declared_with_its_status_and_all_that_it_tells() -> None:
    declared, raised = catalogue(), all_raised()
    assert len(raised) > 200
    faults = [(r.where, fault_of(declared.get(r.code), r.code, r.status, dict.fromkeys(r.members))) for r in raised]
    assert [fault for fault in faults if fault[1]] == []


def test_what_is_declared_is_raised_and_each_member_told_somewhere() -> None:
    raised = all_raised()
    assert set(catalogue()) - {r.code for r in raised} == set()
    told = {(r.code, member) for r in raised for member in r.members}
    promised = {(code, member) for code, problem in catalogue().items() for member in problem.members}
    assert promised - told == set()


def test_cause_and_remedy_are_sentences() -> None:
    for code, problem in catalogue().items():
        for text in (problem.cause, problem.remedy, *problem.members.values()):
            assert re.fullmatch(r"(?s)[A-Z'].*[.]", text), f"{code}: {text}"
        assert isinstance(problem.status, int) and problem.cause != problem.remedy
        assert not set(problem.members) & {*EVERY, "type", "title", "status", "detail", "instance", "code"}


def test_the_catalogue_is_listed_and_each_code_has_an_address(client: Client) -> None:
    listed = client.get("/api/problems/").json
    assert (listed["next"], listed["previous"]) == (None, None)
    codes = [problem["code"] for problem in listed["results"]]
    assert codes == sorted(client.registry["problems"])
    for problem in listed["results"]:
        assert client.get(problem["type"]).json == problem
    locked = client.get("/api/problems/submission_locked/")
    assert locked.json == {
        "code": "submission_locked",
        "type": "/api/problems/submission_locked/",
        "status": 409,
        "title": "Submission locked",
        "cause": "The assignment is locked: nothing is handed in, changed or taken back after its lock date.",
        "remedy": "Ask a teacher of the course for a later date.",
        "members": {"lock_at": "Since when it is locked for this student.", "server_now": "The server's time."},
    }
    client.get("/api/problems/submission_locked/", headers={"If-None-Match": locked.headers["ETag"]}, status=304)
    client.get("/api/problems/unheard_of/", status=404)


def test_the_check_reads_the_source_and_not_only_its_own_words() -> None:
    source = ROOT / "plugins" / "submissions" / "operations.py"
    found = {raised.code: raised for raised in raises_in(source)}
    assert found["attempts_exhausted"].members == ("max_attempts",)
    assert found["attempts_exhausted"].status == 409
