"""A POST that is repeated with its key: one effect, the same answer, and nobody else's."""

import hashlib
import io
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import func, insert, select

from courseplatform import idempotency
from courseplatform.idempotency import KeptAnswer, pieces
from courseplatform.jobs import PeriodicRun
from courseplatform.jobs.periodic import enqueue_periodic
from courseplatform.limits import rate
from courseplatform.testing import Client, counted_statements
from plugins.courses.models import Course
from tests.core.conftest import build
from tests.factories.accounts import PASSWORD, Actor, make_user
from tests.factories.courses import make_course

KEY = "8e03978e-40d5-43e8-bc93-6894a57f9324"
WRITES, FILES = "/api/sandbox/writes/", "/api/sandbox/files/"
ALGEBRA = {"title": "Algebra"}


def keyed(key: str = KEY, **headers: str) -> dict[str, dict[str, str]]:
    return {"headers": {"Idempotency-Key": key, **headers}}


def course_count(client: Client) -> int:
    with client.script() as request:
        return request.db.scalar(select(func.count()).select_from(Course))


def kept_count(client: Client) -> int:
    with client.script() as request:
        return request.db.scalar(select(func.count()).select_from(KeptAnswer))


def login_of(actor: Actor) -> dict[str, str]:
    return {"username": actor.get("/api/users/me/").json["username"], "password": PASSWORD}


def is_replayed(answer: Any) -> bool:
    return answer.headers.get("Idempotent-Replayed") == "true"


def test_a_repeated_post_has_one_effect_and_the_same_answer(client: Client, teacher: Actor) -> None:
    first, second = (teacher.post("/api/courses/", ALGEBRA, **keyed()) for _ in range(2))
    assert (is_replayed(first), is_replayed(second)) == (False, True)
    assert second.body == first.body
    for name in ("Location", "ETag", "Content-Type", "Content-Length", "Cache-Control"):
        assert second.headers[name] == first.headers[name]
    assert second.headers["X-Request-ID"] != first.headers["X-Request-ID"]
    assert course_count(client) == 1


def test_an_answer_without_a_body_is_replayed_without_one(committing_client: Client) -> None:
    teacher = make_user(committing_client, "teacher")
    other = make_user(committing_client, "teacher")
    for replayed in (False, True):
        answer = teacher.post("/api/auth/sessions/end-others/", status=204, **keyed())
        assert is_replayed(answer) is replayed
        assert answer.body == b""
        assert "Content-Type" not in answer.headers
    other.get("/api/users/me/")


def test_without_a_key_each_post_is_one_of_its_own(client: Client, teacher: Actor) -> None:
    for _ in range(2):
        assert not is_replayed(teacher.post("/api/courses/", ALGEBRA))
    assert course_count(client) == 2
    assert kept_count(client) == 0


def test_what_an_answer_says_does_not_follow_what_happened_since(client: Client, teacher: Actor) -> None:
    first = teacher.post("/api/courses/", ALGEBRA, **keyed())
    teacher.patch(first.headers["Location"], {"title": "Geometry"})
    assert teacher.post("/api/courses/", ALGEBRA, **keyed()).json["title"] == "Algebra"


@pytest.mark.parametrize(
    ("path", "body", "headers"),
    [
        ("/api/courses/", {"title": "Geometry"}, {}),
        ("/api/courses/?expand=teacher", ALGEBRA, {}),
        ("/api/auth/sessions/end-others/", ALGEBRA, {}),
        ("/api/courses/", ALGEBRA, {"Prefer": "return=minimal"}),
        ("/api/courses/", {"title": "Algebra", "status": "draft"}, {}),
        ("/api/courses/", {}, {}),
    ],
)
def test_the_same_key_with_another_request_is_422(
    client: Client, teacher: Actor, path: str, body: Any, headers: dict[str, str]
) -> None:
    teacher.post("/api/courses/", ALGEBRA, **keyed())
    answer = teacher.post(path, body, status=422, **keyed(**headers))
    assert answer.json["code"] == "idempotency_key_reused"
    assert course_count(client) == 1
    assert is_replayed(teacher.post("/api/courses/", ALGEBRA, **keyed()))


def test_a_dry_run_neither_uses_a_key_nor_is_told_another_request_s_answer(client: Client, teacher: Actor) -> None:
    for count in (0, 1):
        told = teacher.post("/api/courses/", ALGEBRA, status=200, **keyed(Prefer="dry-run"))
        assert told.json["dry_run"] and not is_replayed(told)
        assert course_count(client) == count
        assert is_replayed(teacher.post("/api/courses/", ALGEBRA, **keyed())) is bool(count)


def test_a_quoted_key_is_the_bare_one(client: Client, teacher: Actor) -> None:
    teacher.post("/api/courses/", ALGEBRA, **keyed())
    assert is_replayed(teacher.post("/api/courses/", ALGEBRA, **keyed(f'"{KEY}"')))


@pytest.mark.parametrize(
    "key", ["", "short", "x" * 201, f'"{KEY}', "with a blank", f"{KEY}, {KEY}", "ключ-ключ-ключ", '""']
)
def test_a_key_that_is_none_is_422_and_has_no_effect(client: Client, teacher: Actor, key: str) -> None:
    sent = key.encode().decode("latin-1")
    answer = teacher.post("/api/courses/", ALGEBRA, status=422, **keyed(sent))
    assert answer.json["errors"][0]["location"] == "header"
    assert answer.json["errors"][0]["name"] == "Idempotency-Key"
    assert len(key) < 5 or key not in answer.text
    assert course_count(client) == 0


@pytest.mark.parametrize("then", ["raise", "crash", "return", "sleep", "null", "commit"])
def test_what_was_refused_or_could_not_commit_leaves_nothing_and_runs_anew(
    committing_client: Client, then: str
) -> None:
    if then == "commit":  # the primary key says no
        committing_client.post(f"{WRITES}?name=scratch", status=200)
    for _ in range(2):
        answer = committing_client.call("POST", f"{WRITES}?then={then}", **keyed())
        assert answer.status_int >= 400
        assert not is_replayed(answer)
    assert kept_count(committing_client) == 0


def test_after_a_failure_the_repetition_has_the_effect(client: Client, teacher: Actor) -> None:
    teacher.post("/api/courses/", {"title": ""}, status=422, **keyed())
    assert not is_replayed(teacher.post("/api/courses/", ALGEBRA, **keyed()))
    assert is_replayed(teacher.post("/api/courses/", ALGEBRA, **keyed()))


def test_a_commit_that_fails_leaves_neither_the_effect_nor_the_answer_nor_a_file(
    committing_client: Client, files_folder: Path
) -> None:
    before = {path for path in files_folder.rglob("*") if path.is_file()}
    for _ in range(2):
        answer = committing_client.call("POST", f"{FILES}?then=commit&name=one", params=b"hello", **keyed())
        assert answer.status_int == 409
        assert not is_replayed(answer)
    assert kept_count(committing_client) == 0
    assert {path for path in files_folder.rglob("*") if path.is_file()} == before


def test_an_upload_is_stored_once_and_replayed_without_a_stray_file(
    committing_client: Client, files_folder: Path
) -> None:
    before = {path for path in files_folder.rglob("*") if path.is_file()}
    answers = [committing_client.call("POST", FILES, params=b"hello", status=200, **keyed()) for _ in range(3)]
    assert [is_replayed(answer) for answer in answers] == [False, True, True]
    assert len({answer.json["key"] for answer in answers}) == 1
    made = {path for path in files_folder.rglob("*") if path.is_file()} - before
    assert [path.read_bytes() for path in made] == [b"hello"]
    committing_client.call("POST", FILES, params=b"hallo", status=422, **keyed())


def test_a_boundary_may_be_another_one_each_time() -> None:
    def parts(boundary: str, content: str) -> bytes:
        return f"--{boundary}\r\n\r\n{content}\r\n--{boundary}--\r\n".encode()

    def read(body: bytes, boundary: str) -> bytes:
        return b"".join(pieces(io.BytesIO(body), boundary.encode()))

    content = "x" * 700_000
    one = read(parts("a" * 30, content), "a" * 30)
    assert one == read(parts("------b1", content), "------b1") == read(parts("c", content), "c")
    assert one != read(parts("c", content + "y"), "c")
    assert read(b"--a--a", "") == b"--a--a"


@pytest.mark.parametrize("size", [1, 2, 3, 5, 7, 50])
def test_a_boundary_is_found_wherever_the_body_is_cut(size: int, monkeypatch: pytest.MonkeyPatch) -> None:
    body = b"--aab\r\n1aaab2\r\naaaaab--aa\r\n--aab--"
    whole = b"".join(pieces(io.BytesIO(body), b"aab"))
    assert whole.count(b"\0") == 4
    monkeypatch.setattr(idempotency, "CHUNK_BYTES", size)
    assert b"".join(pieces(io.BytesIO(body), b"aab")) == whole


def test_a_key_is_its_callers_own(client: Client, teacher: Actor) -> None:
    other = make_user(client, "teacher")
    first = teacher.post("/api/courses/", ALGEBRA, **keyed())
    second = other.post("/api/courses/", ALGEBRA, **keyed())
    assert not is_replayed(second)
    assert first.json["teacher_id"] != second.json["teacher_id"]
    other.post("/api/courses/", {"title": "Mine"}, **keyed("another-key-1"))


def test_a_key_stays_its_callers_through_a_new_sign_in(client: Client, teacher: Actor) -> None:
    teacher.post("/api/courses/", ALGEBRA, **keyed())
    token = client.post("/api/auth/login/", login_of(teacher), status=200)
    assert is_replayed(client.as_(token.json["access_token"]).post("/api/courses/", ALGEBRA, **keyed()))


def test_security_is_asked_before_anything_is_replayed(client: Client, teacher: Actor, admin: Actor) -> None:
    teacher.post("/api/courses/", ALGEBRA, **keyed())
    admin.patch(f"/api/users/{teacher.user_id}/", {"role": "student"})
    teacher.post("/api/courses/", ALGEBRA, status=403, **keyed())
    admin.patch(f"/api/users/{teacher.user_id}/", {"role": "teacher"})
    assert is_replayed(teacher.post("/api/courses/", ALGEBRA, **keyed()))
    teacher.post("/api/auth/logout/", status=204)
    teacher.post("/api/courses/", ALGEBRA, status=401, **keyed())


def test_an_address_that_the_caller_can_not_see_any_more_is_404(client: Client, teacher: Actor, admin: Actor) -> None:
    co_teacher = make_user(client, "teacher")
    course = make_course(client, teacher)
    body = {"user_id": str(co_teacher.user_id)}
    teacher.post(f"{course}teachers/", body, **keyed())
    teacher.delete(course)
    teacher.post(f"{course}teachers/", body, status=404, **keyed())


NINA = {"username": "nina", "email": "nina@example.com", "password": "a long enough passphrase"}


def test_who_registers_is_given_the_account_again_and_nobody_else_is(client: Client) -> None:
    first = client.post("/api/auth/register/", NINA, **keyed())
    again = client.post("/api/auth/register/", NINA, **keyed())
    assert is_replayed(again)
    assert again.json == first.json
    guess = client.post("/api/auth/register/", {**NINA, "password": "another long passphrase"}, status=422, **keyed())
    assert guess.json["code"] == "idempotency_key_reused"
    assert "nina" not in guess.text
    elsewhere = {"extra_environ": {"REMOTE_ADDR": "203.0.113.5"}, **keyed()}
    assert client.post("/api/auth/register/", NINA, status=409, **elsewhere).json["code"] == "email_taken"
    proving = client.post("/api/auth/register/", NINA, status=422, **keyed(Authorization="Basic bmluYTp4"))
    assert proving.json["code"] == "idempotency_key_reused"


def test_a_sign_in_is_replayed_to_who_knows_the_password(client: Client, teacher: Actor) -> None:
    login = login_of(teacher)
    first, second = (client.post("/api/auth/login/", login, status=200, **keyed()) for _ in range(2))
    assert is_replayed(second)
    assert second.json == first.json
    client.as_(second.json["access_token"]).get("/api/users/me/")
    client.post("/api/auth/login/", {**login, "password": "wrong"}, status=422, **keyed())
    client.post("/api/auth/login/", {**login, "password": "wrong"}, status=401, **keyed("another-key-2"))


def test_a_known_key_is_no_way_to_try_passwords(
    client: Client, teacher: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(client.registry.settings, "limits.replays", rate("3/minute"))
    monkeypatch.setitem(client.registry, "limits", type(client.registry["limits"])(None))
    login = login_of(teacher)
    client.post("/api/auth/login/", login, status=200, **keyed())
    tried = [{**login, "password": f"guess {number}"} for number in range(3)]
    found = [client.call("POST", "/api/auth/login/", body, **keyed()).status_int for body in [*tried, login]]
    assert found == [422, 422, 422, 429]
    client.post("/api/auth/login/", login, status=200, **keyed("another-key-2"))
    for _ in range(5):  # who is signed in proves nothing by a body
        teacher.post("/api/courses/", ALGEBRA, **keyed())


def test_a_lost_refresh_is_replayed_long_after_its_grace(client: Client, teacher: Actor) -> None:
    pair = client.post("/api/auth/login/", login_of(teacher), status=200).json
    body = {"refresh_token": pair["refresh_token"]}
    first = client.post("/api/auth/token/refresh/", body, status=200, **keyed())
    client.clock.move(minutes=5)
    again = client.post("/api/auth/token/refresh/", body, status=200, **keyed())
    assert is_replayed(again)
    assert again.json == first.json
    client.as_(again.json["access_token"]).get("/api/users/me/")


def test_no_token_no_password_and_nothing_to_try_them_at_lies_in_the_table(client: Client, teacher: Actor) -> None:
    login = login_of(teacher)
    pair = client.post("/api/auth/login/", login, status=200, **keyed()).json
    with client.script() as request:
        row = request.db.scalars(select(KeptAnswer)).one()
        pepper = request.registry["idempotency.pepper"]
    for secret in (pair["access_token"], pair["refresh_token"], PASSWORD, KEY, login["username"]):
        assert secret.encode() not in row.sealed + row.id
    # Whoever has the table, the key and even the password, but not the configuration's secrets:
    body = client.post("/api/auth/login/", login, status=200, **keyed())
    assert is_replayed(body)
    client.registry["idempotency.pepper"] = b"\0" * 32
    try:
        client.post("/api/auth/login/", login, status=422, **keyed())
    finally:
        client.registry["idempotency.pepper"] = pepper


def test_the_secrets_of_the_configuration_seal() -> None:
    one, same = build(), build()
    other = build(**{"accounts.token_secret": "Zq8vN2kT5xB9mW4rL7cJ1hF6gD3sA0pY"})
    peppers = [app.registry["idempotency.pepper"] for app in (one, same, other)]
    assert peppers[0] == peppers[1] != peppers[2]


def test_an_answer_that_was_put_into_another_row_opens_for_nobody(client: Client, teacher: Actor) -> None:
    for who in (teacher, make_user(client, "teacher")):
        who.post("/api/courses/", ALGEBRA, **keyed())
    with client.script() as request:
        one, two = request.db.scalars(select(KeptAnswer))
        one.sealed, two.sealed = two.sealed, one.sealed
    teacher.post("/api/courses/", ALGEBRA, status=422, **keyed())


def test_whoever_waits_too_long_for_the_first_is_told_when_to_come_again(committing_client: Client) -> None:
    teacher = make_user(committing_client, "teacher")
    teacher.post("/api/courses/", ALGEBRA, **keyed())
    engine = committing_client.registry["db.engine"]
    with engine.begin() as connection:  # as if the first were still at work
        connection.execute(select(KeptAnswer.id).with_for_update())
        answer = teacher.post("/api/courses/", ALGEBRA, status=409, **keyed())
        assert answer.json["code"] == "idempotency_key_in_use"
        assert answer.headers["Retry-After"] == "1"
    assert is_replayed(teacher.post("/api/courses/", ALGEBRA, **keyed()))


def test_the_second_runs_when_the_first_was_refused(committing_client: Client) -> None:
    teacher = make_user(committing_client, "teacher")
    row_id = hashlib.sha256(f"{teacher.user_id}\0{KEY}".encode()).digest()
    with committing_client.registry["db.engine"].connect() as first, ThreadPoolExecutor(1) as threads:
        claimed = {"id": row_id, "user_id": teacher.user_id, "created_at": datetime.now(UTC)}
        first.execute(insert(KeptAnswer).values(claimed))
        second = threads.submit(teacher.post, "/api/courses/", ALGEBRA, **keyed())
        time.sleep(0.3)
        assert not second.done()
        first.rollback()
        assert not is_replayed(second.result())
    assert is_replayed(teacher.post("/api/courses/", ALGEBRA, **keyed()))


def test_a_request_that_is_tried_again_by_the_server_is_the_first(committing_client: Client) -> None:
    committing_client.registry["sandbox.attempts"] = 0
    answers = [committing_client.post("/api/sandbox/deadlock/", status=200, **keyed()) for _ in range(2)]
    assert [is_replayed(answer) for answer in answers] == [False, True]
    assert [answer.json for answer in answers] == [{"attempts": 2}] * 2
    assert committing_client.registry["sandbox.attempts"] == 2


def test_a_key_is_free_again_when_its_time_is_over(client: Client, teacher: Actor) -> None:
    login = login_of(teacher)
    teacher.post("/api/courses/", ALGEBRA, **keyed())
    client.clock.move(hours=23, minutes=59)
    renewed = client.post("/api/auth/login/", login, status=200).json
    teacher = client.as_(renewed["access_token"])
    assert is_replayed(teacher.post("/api/courses/", ALGEBRA, **keyed()))
    client.clock.move(minutes=2)
    assert not is_replayed(teacher.post("/api/courses/", {"title": "Geometry"}, **keyed()))
    assert is_replayed(teacher.post("/api/courses/", {"title": "Geometry"}, **keyed()))


def test_answers_whose_time_is_over_are_purged_by_a_periodic_job(
    committing_client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(idempotency, "PURGE_CHUNK", 2)
    client = committing_client
    for number in range(5):
        client.post(f"{WRITES}?name=n{number}", status=200, **keyed(f"key-number-{number}"))
    enqueue_periodic(client.registry)
    client.run_jobs()
    assert kept_count(client) == 5
    client.clock.move(hours=24)
    try:
        client.post(f"{WRITES}?name=late", status=200, **keyed("key-number-late"))
        enqueue_periodic(client.registry)
        client.run_jobs()
        assert kept_count(client) == 1
    finally:
        client.clock.offset *= 0


def test_an_erased_users_answers_go_with_them(client: Client, teacher: Actor) -> None:
    other = make_user(client, "teacher")
    for who in (teacher, other):
        who.post("/api/auth/sessions/end-others/", status=204, **keyed())
    assert kept_count(client) == 2
    teacher.delete("/api/users/me/")
    client.run_jobs()
    with client.script() as request:
        assert [str(row.user_id) for row in request.db.scalars(select(KeptAnswer))] == [str(other.user_id)]


def test_a_key_costs_two_statements_and_none_costs_nothing(client: Client, teacher: Actor) -> None:
    counts = []
    for headers in ({}, keyed(uuid4().hex), keyed(), keyed()):
        with counted_statements(client.registry) as statements:
            teacher.post("/api/courses/", ALGEBRA, **headers)
        counts.append(len(statements))
    plain, first, _, replayed = counts
    assert first == plain + 2
    assert replayed == 3  # the caller, the claim, the answer


def test_other_methods_take_no_notice_of_a_key(client: Client, teacher: Actor) -> None:
    course = make_course(client, teacher)
    for _ in range(2):
        assert not is_replayed(teacher.patch(course, ALGEBRA, **keyed("no")))
        assert not is_replayed(teacher.get(course, **keyed("no")))
    assert kept_count(client) == 0


def test_a_view_of_plain_pyramid_is_covered_too(database_url: str, tmp_path: Path) -> None:
    import sys
    from types import ModuleType

    from pyramid.response import Response
    from pyramid.security import NO_PERMISSION_REQUIRED

    from courseplatform.testing import make_app, rolled_back

    def count(request: Any) -> Response:
        request.db.add(PeriodicRun(name=uuid4().hex, last_run_at=request.now))
        return Response(uuid4().hex)

    def includeme(config: Any) -> None:
        config.add_route("count", "/count/")
        config.add_view(count, route_name="count", permission=NO_PERMISSION_REQUIRED)

    module = ModuleType("counting_plugin")
    module.includeme = includeme  # type: ignore[attr-defined]
    sys.modules["counting_plugin"] = module
    try:
        app = make_app(database_url, tmp_path, **{"courseplatform.plugins": "plugins.accounts counting_plugin"})
        with rolled_back(app) as (client, _):
            first, second = (client.post("/count/", status=200, **keyed()) for _ in range(2))
            assert first.body == second.body
            assert is_replayed(second)
        app.registry["db.engine"].dispose()
    finally:
        del sys.modules["counting_plugin"]
