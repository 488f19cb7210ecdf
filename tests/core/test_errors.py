"""Errors: one shape, honest codes, and a rollback whenever one is answered."""

import logging
from pathlib import Path
from typing import Any

import pytest
from pyramid.config import Configurator
from pyramid.exceptions import ConfigurationConflictError, ConfigurationError
from sqlalchemy import select

from courseplatform.db import Base
from courseplatform.jobs import PeriodicRun
from courseplatform.problems import PROBLEMS, Problem, fault_of
from courseplatform.testing import Client
from tests.factories.accounts import Actor, make_user

from .conftest import SETTINGS, build, without_environment
from .sandbox import SECRET

WRITES = "/api/sandbox/writes/"


def names(client: Client) -> set[str]:
    with client.script() as request:
        return set(request.db.scalars(select(PeriodicRun.name)))


def assert_problem(answer: Any, status: int, code: str) -> dict[str, Any]:
    assert answer.status_int == status
    assert answer.content_type == "application/problem+json"
    assert answer.headers["Cache-Control"] == "no-store"
    body: dict[str, Any] = answer.json
    assert body["status"] == status
    assert body["code"] == code
    assert body["type"] == f"/api/problems/{code}/"
    assert body["title"] and body["detail"] and body["remedy"]
    return body


def test_a_missing_address_is_a_404_problem(client: Client) -> None:
    assert_problem(client.call("GET", "/api/nothing/"), 404, "not_found")


@pytest.mark.parametrize("path", ["/api/problems/swordfish-9081/", "/api/certificates/swordfish-9081/"])
def test_an_address_that_has_words_of_the_clients_in_it_is_not_repeated(client: Client, path: str) -> None:
    for method in ("GET", "DELETE"):
        answer = client.call(method, path, status=404)
        assert answer.json["instance"] == ""
        assert "swordfish" not in answer.text


def test_an_address_of_ids_is_told(client: Client) -> None:
    path = "/api/courses/00000000-0000-7000-8000-000000000000/"
    assert client.call("GET", path, status=404).json["instance"] == path


def test_a_wrong_method_is_a_405_problem(client: Client) -> None:
    assert_problem(client.call("DELETE", WRITES), 405, "method_not_allowed")


def test_a_wrong_content_type_is_a_415_problem(client: Client) -> None:
    answer = client.call("POST", "/api/auth/login/", params="a=b", content_type="application/x-www-form-urlencoded")
    assert_problem(answer, 415, "unsupported_media_type")


def test_a_fault_of_a_field_is_a_422_problem_with_errors(client: Client) -> None:
    body = assert_problem(client.call("POST", "/api/auth/login/", {}), 422, "invalid")
    assert {fault["name"] for fault in body["errors"]} == {"username", "password"}
    assert all(fault["location"] == "body" and fault["detail"] for fault in body["errors"])


def test_a_401_problem_names_the_scheme(client: Client) -> None:
    answer = client.call("GET", "/api/users/me/")
    assert_problem(answer, 401, "unauthenticated")
    assert answer.headers["WWW-Authenticate"] == 'Bearer realm="courseplatform"'


def test_a_crash_is_a_500_problem_that_tells_the_log_and_not_the_client(
    client: Client, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.ERROR):
        answer = client.call("GET", "/api/sandbox/crash/")
    assert_problem(answer, 500, "internal_error")
    assert answer.json["request_id"] == answer.headers["X-Request-ID"]
    assert answer.json["request_id"] in caplog.text
    assert SECRET not in answer.text
    assert SECRET in caplog.text


@pytest.mark.parametrize(("then", "status"), [("raise", 409), ("return", 409), ("crash", 500), ("sleep", 503)])
def test_a_refused_write_leaves_nothing(committing_client: Client, then: str, status: int) -> None:
    committing_client.call("POST", f"{WRITES}?then={then}", status=status)
    assert names(committing_client) == set()


def test_an_accepted_write_is_committed(committing_client: Client) -> None:
    committing_client.call("POST", WRITES, status=200)
    assert names(committing_client) == {"scratch"}


def test_a_constraint_that_says_no_at_the_commit_is_409_too(committing_client: Client) -> None:
    committing_client.call("POST", f"{WRITES}?then=commit", status=200)
    answer = committing_client.call("POST", f"{WRITES}?then=commit")
    assert_problem(answer, 409, "conflict")


def test_a_constraint_with_a_code_answers_that_code(client: Client, student: Actor) -> None:
    taken = student.get("/api/users/me/").json
    body = {"username": taken["username"].upper(), "email": "new@example.com", "password": "correct horse battery"}
    assert_problem(client.call("POST", "/api/auth/register/", body), 409, "username_taken")


def test_a_missing_value_is_our_fault_and_not_a_conflict(client: Client) -> None:
    assert_problem(client.call("POST", f"{WRITES}?then=null"), 500, "internal_error")


def test_a_statement_that_takes_too_long_is_503(client: Client, caplog: pytest.LogCaptureFixture) -> None:
    answer = client.call("POST", f"{WRITES}?then=sleep&name={SECRET}")
    assert_problem(answer, 503, "unavailable")
    assert answer.headers["Retry-After"] == "2"
    assert f"OperationalError 57014 at POST {WRITES}" in caplog.text
    assert SECRET not in caplog.text


def test_a_database_that_is_away_is_503_while_the_process_lives() -> None:
    client = Client(build())  # its database's port is closed
    answer = client.call("GET", "/api/courses/")
    assert_problem(answer, 503, "unavailable")
    assert int(answer.headers["Retry-After"]) > 0
    client.get("/health/live")
    client.get("/api/")
    assert_problem(client.call("GET", "/health/ready"), 503, "unavailable")
    login = {"username": "someone", "password": "correct horse battery"}
    assert_problem(client.call("POST", "/api/auth/login/", login), 503, "unavailable")


def test_an_empty_pool_is_503_at_once(database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from courseplatform.testing import make_app

    with without_environment():
        plugins = {"courseplatform.plugins": SETTINGS["courseplatform.plugins"]}
        pool = {"database.pool_size": "1", "database.pool_overflow": "0"}
        app = make_app(database_url, tmp_path, **plugins, **pool)
    monkeypatch.setattr(app.registry["db.engine"].pool, "_timeout", 0.1)
    with app.registry["db.engine"].connect():
        assert_problem(Client(app).call("GET", "/api/courses/"), 503, "unavailable")
    Client(app).get("/api/courses/")
    app.registry["db.engine"].dispose()


def test_what_must_stay_although_we_refuse_stays(committing_client: Client) -> None:
    committing_client.call("POST", "/api/sandbox/aborts/?name=kept", status=401)
    assert names(committing_client) == {"kept"}


def test_a_code_is_declared_once() -> None:
    def again(config: Configurator) -> None:
        config.add_problems({"username_taken": Problem(409, "Again.", "Choose another.")})

    with pytest.raises(ConfigurationConflictError, match="username_taken"):
        build(again)


FAULTS = {
    "unheard": "the error code 'unheard_of' is in no catalogue",
    "misplaced": "the error code 'username_taken' has the status 409, and was raised with 403",
    "talkative": "the error code 'username_taken' tells shoe_size, which its Problem doesn't name",
}


@pytest.mark.parametrize("then", FAULTS)
def test_an_error_that_is_not_as_its_catalogue_says_is_loud_in_tests(client: Client, then: str) -> None:
    with pytest.raises(RuntimeError, match=FAULTS[then]):
        client.call("POST", f"{WRITES}?then={then}")


@pytest.mark.parametrize("then", FAULTS)
def test_in_production_it_is_answered_all_the_same_and_logged(
    client: Client, then: str, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delitem(client.registry, "problems.are_strict")
    answer = client.web.request(f"{WRITES}?then={then}", method="POST", status="*")
    code = "unheard_of" if then == "unheard" else "username_taken"
    body = assert_problem(answer, 403 if then == "misplaced" else 409, code)
    told = PROBLEMS["conflict"] if then == "unheard" else client.registry["problems"][code]
    assert (body["detail"], body["remedy"]) == (told.cause, told.remedy)
    assert FAULTS[then] in caplog.text


def test_a_code_of_the_first_contract_is_a_sentence_and_warned_of(caplog: pytest.LogCaptureFixture) -> None:
    app = build(lambda config: config.add_problems({"too_loud": "It is too loud."}))
    declared = app.registry["problems"]["too_loud"]
    assert declared == Problem(None, "It is too loud.", "", title="Too loud")
    assert fault_of(declared, "too_loud", 409, {"volume": 11}) is None
    assert "declares the code too_loud by a sentence" in caplog.text


def test_what_is_neither_ends_the_start() -> None:
    with pytest.raises(ConfigurationError, match="'too_loud' needs a Problem"):
        build(lambda config: config.add_problems({"too_loud": 409}))


def test_every_name_of_a_constraint_fits_into_postgresql() -> None:
    """A longer one is cut by the database, and its violation would not find its code."""
    for table in Base.metadata.tables.values():
        for constraint in (*table.constraints, *table.indexes):
            assert constraint.name and len(constraint.name) <= 63, (table.name, constraint.name)


def test_a_violated_code_is_found_by_the_name_the_database_tells(client: Client) -> None:
    make_user(client, username="twin")
    codes = [
        constraint.info["conflict"]
        for table in Base.metadata.tables.values()
        for constraint in (*table.constraints, *table.indexes)
        if "conflict" in constraint.info
    ]
    assert {"username_taken", "email_taken", "already_staff"} <= set(codes)
