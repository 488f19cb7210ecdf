"""Shared answers: what anonymous callers are given from Redis, and that it is never older than a write.

Each protection has a test that takes it away, to see the stale answer that it prevents.
"""

import shutil
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from uuid import uuid4

import pytest
import sqlalchemy as sa
from click.testing import CliRunner
from pyramid.config import Configurator
from pyramid.exceptions import ConfigurationError
from pyramid.request import Request
from redis import Redis
from sqlalchemy import event, insert, text, update

from courseplatform.api import NO_PERMISSION_REQUIRED, Deny, Root, Service
from courseplatform.cache.answers import topics_at
from courseplatform.cache.commands import forget_shared_answers
from courseplatform.cache.tokens import PREFIX
from courseplatform.cache.topics import Topics
from courseplatform.testing import Client, committed, counted_statements, make_app
from plugins.accounts.api import User
from plugins.courses.api import Course, CourseItem
from plugins.courses.permissions import P
from plugins.courses.resources import Courses
from tests.core.conftest import build
from tests.factories.accounts import Actor, make_user
from tests.factories.courses import id_of, make_course
from tests.redis_server import RedisServer

pytestmark = pytest.mark.skipif(shutil.which("redis-server") is None, reason="redis-server is not installed")

LIST, WITH_TEACHER = "/api/courses/", "?expand=teacher"


@pytest.fixture(scope="module")
def app(server: RedisServer, database_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    plugins = "plugins.courses tests.core.mottos"
    settings = {"redis.url": server.url, "courseplatform.plugins": plugins}
    app = make_app(database_url, tmp_path_factory.mktemp("shared"), **settings)
    yield app
    app.registry["db.engine"].dispose()


@pytest.fixture
def client(app: Any, server: RedisServer) -> Iterator[Client]:
    """An anonymous client whose writes are committed; every table is emptied after the test."""
    server.wipe()
    app.registry["redis"].away_until = 0
    app.registry["counters"].children.clear()
    app.registry["counters"].by_name["courseplatform_cache_lookups"].clear()
    with committed(app) as made:
        yield made


@pytest.fixture
def course(client: Client, teacher: Actor) -> str:
    return make_course(client, teacher)


@pytest.fixture
def redis(server: RedisServer) -> Iterator[Redis]:
    with Redis.from_url(server.url) as connection:
        yield connection


def title(client: Client, course: str) -> str:
    """As an anonymous caller reads it."""
    found: str = client.get(course).json["title"]
    return found


def outcomes(client: Client) -> dict[str, int]:
    """How the lookups went."""
    told = client.registry["counters"].by_name["courseplatform_cache_lookups"].collect()
    samples = [one for metric in told for one in metric.samples if one.name.endswith("_total")]
    return {one.labels["outcome"]: int(one.value) for one in samples if one.labels["cache"] == "shared"}


def kept(redis: Redis) -> int:
    """How many answers there are in Redis."""
    return len(redis.keys(f"{PREFIX}:answer:*"))


# What is shared


@pytest.mark.parametrize("address", ["", WITH_TEACHER])
def test_what_was_answered_is_answered_again_without_a_statement(client: Client, course: str, address: str) -> None:
    first = client.get(course + address)
    with counted_statements(client.registry) as statements:
        again = client.get(course + address)
        not_modified = client.get(course + address, headers={"If-None-Match": first.headers["ETag"]}, status=304)
        head = client.call("HEAD", course + address, status=200)
    assert statements == []
    assert (again.body, again.headers["ETag"]) == (first.body, first.headers["ETag"])
    assert (not_modified.body, head.body) == (b"", b"")
    assert outcomes(client) == {"miss": 1, "hit": 3}


def test_a_list_has_its_links_and_pages_of_its_own(client: Client, teacher: Actor) -> None:
    for name in "abc":
        make_course(client, teacher, title=name)
    first = client.get(f"{LIST}?limit=2")
    again = client.get(f"{LIST}?limit=2")
    assert (again.body, again.headers["Link"]) == (first.body, first.headers["Link"])
    assert [one["title"] for one in client.get(first.json["next"]).json["results"]] == ["a"]
    assert client.get(f"{LIST}?limit=3").json["next"] is None


def test_a_head_keeps_nothing(client: Client, course: str, redis: Redis) -> None:
    client.call("HEAD", course, status=200)
    assert kept(redis) == 0


def test_answers_that_are_no_200_are_not_kept(client: Client, teacher: Actor, redis: Redis) -> None:
    draft = make_course(client, teacher, status="draft")
    for address, status in ((draft, 404), (f"{LIST}?limit=x", 422), (f"{LIST}?expand=nothing", 422)):
        client.get(address, status=status)
    assert kept(redis) == 0


def test_the_signed_in_are_neither_given_shared_answers_nor_give_any(
    client: Client, teacher: Actor, redis: Redis
) -> None:
    make_course(client, teacher, title="mine", status="draft")
    assert len(teacher.get(LIST).json["results"]) == 1
    assert (kept(redis), outcomes(client)) == (0, {})
    assert client.get(LIST).json["results"] == []
    assert len(teacher.get(LIST).json["results"]) == 1
    client.as_("no token").get(LIST, status=401)
    assert outcomes(client) == {"miss": 1}
    card = teacher.get(make_course(client, teacher) + WITH_TEACHER).json["extensions"]["teacher"]
    assert "username" in card
    assert "username" not in client.get(f"{LIST}{WITH_TEACHER}").text


def test_students_share_among_themselves_what_a_view_says_that_all_of_them_are_told(
    client: Client, course: str, redis: Redis
) -> None:
    ann, bob = make_user(client, "student"), make_user(client, "student")
    first = ann.get(LIST + WITH_TEACHER)
    with counted_statements(client.registry) as statements:
        again = bob.get(LIST + WITH_TEACHER)
    assert len(statements) == 1  # who calls
    assert again.body == first.body
    assert (again.headers["Cache-Control"], outcomes(client)) == ("no-store", {"miss": 1, "hit": 1})
    assert "username" in again.text
    assert "username" not in client.get(LIST + WITH_TEACHER).text
    assert (kept(redis), outcomes(client)) == (2, {"miss": 2, "hit": 1})
    ann.get(course)
    assert outcomes(client) == {"miss": 2, "hit": 1}


def test_what_a_third_party_adds_students_share_only_if_it_says_that_it_tells_them_the_same(
    client: Client, course: str
) -> None:
    student = make_user(client, "student")
    for motto in ("Sapere aude", "Carpe diem"):
        client.registry["mottos"] = motto
        (told,) = student.get(f"{LIST}?expand=lasting_motto").json["results"]
        assert told["extensions"] == {"lasting_motto": motto}
    assert outcomes(client) == {}


def test_who_may_no_more_is_not_told_what_others_were(
    client: Client, course: str, admin: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    ann, bob, eve = (make_user(client, "student") for _ in range(3))
    ann.get(LIST)
    admin.patch(f"/api/users/{bob.id}/", {"role": "teacher"})
    admin.patch(f"/api/users/{eve.id}/", {"is_active": False})
    bob.get(LIST)
    eve.get(LIST, status=401)
    monkeypatch.setattr(Courses, "__acl__", [(Deny, "role:student", P.LIST), *Courses.__acl__])
    ann.get(LIST, status=403)
    assert outcomes(client) == {"miss": 1}


def test_a_role_that_is_shown_counts(client: Client, admin: Actor, course: str) -> None:
    student = make_user(client, "student")

    def role() -> str:
        found: str = student.get(LIST + WITH_TEACHER).json["results"][0]["extensions"]["teacher"]["role"]
        return found

    assert (role(), role()) == ("teacher", "teacher")
    admin.patch(f"/api/users/{client.get(course).json['teacher_id']}/", {"role": "admin"})
    assert role() == "admin"


def test_a_retold_answer_is_counted_by_the_rate_limit(client: Client, course: str) -> None:
    settings = client.registry.settings
    before, settings["limits.reads"] = settings["limits.reads"], settings["limits.sign_in"]
    try:
        left = [int(client.get(course).headers["RateLimit-Remaining"]) for _ in range(2)]
    finally:
        settings["limits.reads"] = before
    assert left[0] - left[1] == 1


def test_what_a_third_party_adds_is_shared_only_if_it_says_on_what_it_depends(client: Client, course: str) -> None:
    for motto in ("Sapere aude", "Carpe diem"):
        client.registry["mottos"] = motto
        assert client.get(f"{course}?expand=motto").json["extensions"] == {"motto": motto}
        assert len(client.get(f"{LIST}?max_chars=100").json["results"]) == 1
    assert outcomes(client) == {}
    lasting = [client.get(f"{course}?expand=lasting_motto,teacher").json["extensions"] for _ in range(2)]
    assert lasting[0] == lasting[1]
    assert outcomes(client) == {"miss": 1, "hit": 1}
    client.get(f"{course}?explain=permissions")
    assert outcomes(client) == {"miss": 1, "hit": 1}


def test_where_a_function_decides_who_is_let_in_nothing_is_shared() -> None:
    def restrict(config: Configurator) -> None:
        config.add_restriction(CourseItem, "course:view", allows=lambda request: request.client_address == "10.0.0.1")

    lineage = (CourseItem, Courses, Root)
    assert topics_at(build().registry, lineage) == {"courses"}
    assert topics_at(build(restrict).registry, lineage) is None
    assert topics_at(build(restrict).registry, lineage[1:]) == frozenset()


@pytest.mark.parametrize("is_view", [True, False])
def test_a_topic_that_nobody_declares_is_refused_at_start_up(is_view: bool) -> None:
    def add(config: Configurator) -> None:
        if not is_view:
            config.add_extension(Course, "mood", lambda request, rows: {}, shared=("moods",))
            return
        moods = Service("moods", "/moods/", facet_of="/")
        moods.add_view("GET", lambda request: {}, permission=NO_PERMISSION_REQUIRED, shared=("moods",))
        config.add_cornice_service(moods)

    with pytest.raises(ConfigurationError, match="no such topic: moods"):
        build(add)


def test_there_is_room_for_so_much_and_no_more(client: Client, course: str, redis: Redis) -> None:
    answers = client.registry["cache.answers"]
    before, answers.room_bytes, answers.until = answers.room_bytes, 10, 0
    try:
        client.get(course)
    finally:
        answers.room_bytes, answers.until = before, 0
    assert kept(redis) == 0


# Who changes what is shown, changes the answer


def rename(request: Request, course: Course) -> None:
    course.title = "new"


def bulk(request: Request, course: Course) -> None:
    request.db.execute(update(Course).where(Course.id == course.id).values(title="new"))


def bare(request: Request, course: Course) -> None:
    request.db.execute(update(Course.__table__).values(title="new"))


def by_hand(request: Request, course: Course) -> None:
    request.db.execute(text("UPDATE courses SET title = 'new'"))


def within_a_cte(request: Request, course: Course) -> None:
    changed = update(Course.__table__).values(title="new").returning(Course.__table__.c.id).cte()
    request.db.execute(update(User).values(timezone="UTC").add_cte(changed))


def in_a_savepoint(request: Request, course: Course) -> None:
    with request.savepoint():
        course.title = "new"


@pytest.mark.parametrize("change", [rename, bulk, bare, by_hand, within_a_cte, in_a_savepoint])
def test_however_a_row_is_changed_the_next_reader_sees_it(client: Client, course: str, change: Any) -> None:
    assert title(client, course) == title(client, course) == "Algebra"
    with client.script() as request:
        change(request, request.db.get(Course, id_of(course)))
    assert title(client, course) == "new"


def test_a_name_that_is_shown_counts_and_what_is_not_shown_does_not(
    client: Client, teacher: Actor, course: str
) -> None:
    def name() -> str:
        found: str = client.get(course + WITH_TEACHER).json["extensions"]["teacher"]["first_name"]
        return found

    before = name()
    teacher.patch("/api/users/me/", {"timezone": "Europe/Berlin"})
    make_user(client, "student")
    assert (name(), outcomes(client)) == (before, {"miss": 1, "hit": 1})
    teacher.patch("/api/users/me/", {"first_name": "Emmy"})
    assert name() == "Emmy"


def test_a_change_of_one_course_leaves_answers_at_the_others_alone(client: Client, teacher: Actor, course: str) -> None:
    other = make_course(client, teacher)
    for change in (rename, bulk):
        title(client, other)
        client.get(LIST)
        with client.script() as request:
            change(request, request.db.get(Course, id_of(course)))
        title(client, other)
        client.get(LIST)
    assert outcomes(client) == {"miss": 4, "hit": 4}


def test_what_is_rolled_back_changes_nothing(client: Client, teacher: Actor, course: str) -> None:
    title(client, course)
    teacher.patch(course, {"title": "new"}, headers={"Prefer": "dry-run"})
    teacher.put(f"{course}publication/", status=409)
    with pytest.raises(ZeroDivisionError), client.script() as request:
        rename(request, request.db.get(Course, id_of(course)))
        request.db.flush()
        raise ZeroDivisionError
    assert title(client, course) == "Algebra"
    assert outcomes(client) == {"miss": 1, "hit": 1}


# Races


class Slow:
    """A reader in a thread, who has read its rows and waits with the rest until it may go on."""

    def __init__(self, client: Client, course: str) -> None:
        self.has_read, self.may_go_on = threading.Event(), threading.Event()
        self.engine = client.registry["db.engine"]
        self.thread = threading.Thread(target=client.get, args=(course,))

    def wait(self, *arguments: Any) -> None:
        if threading.current_thread() is self.thread:
            self.has_read.set()
            assert self.may_go_on.wait(10)

    def __enter__(self) -> "Slow":
        event.listen(self.engine, "after_cursor_execute", self.wait)
        self.thread.start()
        assert self.has_read.wait(10)
        return self

    def __exit__(self, *error: Any) -> None:
        self.may_go_on.set()
        self.thread.join()
        event.remove(self.engine, "after_cursor_execute", self.wait)


@contextmanager
def unnoticed(client: Client) -> Iterator[None]:
    """Writes change no topic meanwhile: without this protection the tests must see stale answers."""
    topics = client.registry["cache.topics"]
    before, topics.by_model = topics.by_model, {}
    try:
        yield
    finally:
        topics.by_model = before


def late_reader(client: Client, teacher: Actor, course: str) -> str:
    """What the next one is answered, when a reader who read before a write keeps its answer after it."""
    with Slow(client, course):
        teacher.patch(course, {"title": "new"})
    return title(client, course)


def test_what_was_read_before_a_write_and_kept_after_it_is_found_by_nobody(
    client: Client, teacher: Actor, course: str, redis: Redis
) -> None:
    assert late_reader(client, teacher, course) == "new"
    assert kept(redis) == 1  # in place of what the late one has kept


def test_but_for_the_token_it_would_be_found(client: Client, teacher: Actor, course: str) -> None:
    client.registry["cache.topics"].at.clear()
    topics_at(client.registry, (CourseItem, Courses, Root))
    with unnoticed(client):
        assert late_reader(client, teacher, course) == "Algebra"


def dying_writer(client: Client, course: str, redis: Redis, *, is_held: bool) -> str:
    """What is answered when a writer died between its COMMIT and the end, and someone had read before the COMMIT."""
    client.registry["cache.tokens"].hold(["courses", f"courses:{id_of(course)}"])
    if not is_held:
        redis.delete(f"{PREFIX}:holds:courses:{id_of(course)}")
    assert title(client, course) == "Algebra"
    with client.registry["db.engine"].begin() as connection:
        connection.execute(text("UPDATE courses SET title = 'new'"))
    return title(client, course)


def test_a_writer_that_dies_after_its_commit_keeps_readers_off(client: Client, course: str, redis: Redis) -> None:
    assert dying_writer(client, course, redis, is_held=True) == "new"
    assert outcomes(client) == {"bypass": 2}
    holds = f"{PREFIX}:holds:courses:{id_of(course)}"
    assert 0 < redis.ttl(holds) <= 120
    redis.zadd(holds, dict.fromkeys(redis.zrange(holds, 0, -1), 1))  # over
    assert title(client, course) == title(client, course) == "new"
    assert outcomes(client) == {"bypass": 2, "miss": 1, "hit": 1}


def test_but_for_the_hold_its_change_would_not_be_seen(client: Client, course: str, redis: Redis) -> None:
    assert dying_writer(client, course, redis, is_held=False) == "Algebra"


def test_a_commit_of_which_nobody_knows_how_it_ended_keeps_readers_off(
    client: Client, teacher: Actor, course: str, redis: Redis
) -> None:
    engine = client.registry["db.engine"]

    def cut_off(connection: Any) -> None:
        with engine.connect() as other:
            pid = connection.connection.dbapi_connection.info.backend_pid
            other.execute(text("SELECT pg_terminate_backend(:pid, 5000)"), {"pid": pid})

    event.listen(engine, "commit", cut_off)
    try:
        teacher.patch(course, {"title": "new"}, status=503)
    finally:
        event.remove(engine, "commit", cut_off)
    assert redis.zcard(f"{PREFIX}:holds:courses") == 1
    title(client, course)
    assert outcomes(client) == {"bypass": 1}


def wiped_in_a_commit(client: Client, course: str, server: RedisServer) -> str:
    """What is answered after a write during whose COMMIT Redis was wiped, and someone read from before it."""
    tokens = client.registry["cache.tokens"]
    held = tokens.hold([f"courses:{id_of(course)}"])
    server.wipe()
    assert title(client, course) == "Algebra"
    with client.registry["db.engine"].begin() as connection:
        connection.execute(text("UPDATE courses SET title = 'new'"))
    tokens.release(held)
    return title(client, course)


def test_redis_may_be_wiped_at_any_moment(client: Client, teacher: Actor, course: str, server: RedisServer) -> None:
    title(client, course)
    server.wipe()
    teacher.patch(course, {"title": "newer"})
    assert title(client, course) == "newer"
    teacher.patch(course, {"title": "Algebra"})
    assert wiped_in_a_commit(client, course, server) == "new"


def restarted_from_before(client: Client, teacher: Actor, course: str, server: RedisServer, redis: Redis) -> None:
    """A write, and then Redis as it was before it: what a restart from a snapshot, or a lagging replica, brings."""
    title(client, course)
    before = {key: redis.dump(key) for key in redis.keys(f"{PREFIX}:*")}
    teacher.patch(course, {"title": "new"})
    server.kill()
    server.start()
    for key, value in before.items():
        redis.restore(key, 60_000, value)
    client.registry["redis"].away_until = 0


def test_a_redis_that_comes_back_as_it_was_before_a_write_has_nothing_of_then(
    client: Client, teacher: Actor, course: str, server: RedisServer, redis: Redis
) -> None:
    restarted_from_before(client, teacher, course, server, redis)
    assert title(client, course) == "new"


def test_a_writer_whom_redis_does_not_answer_writes_and_tells_it_later(
    client: Client, teacher: Actor, course: str, server: RedisServer
) -> None:
    title(client, course)
    server.freeze()
    try:
        began_at = time.monotonic()
        teacher.patch(course, {"title": "new"})
        assert time.monotonic() - began_at < 1.9
        assert title(client, course) == "new"  # from the database
        assert client.run_jobs() == 1  # fails: Redis is still away
    finally:
        server.thaw()
    client.registry["redis"].away_until = 0
    client.clock.move(seconds=10)
    assert client.run_jobs() == 1
    assert title(client, course) == title(client, course) == "new"
    assert outcomes(client)["hit"] == 1


def test_what_redis_was_not_told_is_given_up_when_nothing_is_left_of_it(
    client: Client, teacher: Actor, course: str, server: RedisServer
) -> None:
    server.freeze()
    try:
        teacher.patch(course, {"title": "new"})
        client.clock.move(minutes=5)
        assert client.run_jobs() == 1  # done, though Redis is away
        assert client.run_jobs() == 0
    finally:
        server.thaw()
        client.clock.move(minutes=-5)


def hammer(client: Client, course: str, for_s: float) -> tuple[int, int, int]:
    """Writers count a title up while readers read it. How many wrote, read, and were answered what was older than
    a write that had been committed before they asked."""
    until, lock = time.monotonic() + for_s, threading.Lock()
    committed, written, read, stale = [0], [0], [0], [0]
    is_it = Course.id == id_of(course)

    def write() -> None:
        while time.monotonic() < until:
            with client.script() as request:
                found = request.db.scalar(
                    update(Course)
                    .where(is_it)
                    .values(title=sa.cast(sa.cast(Course.title, sa.Integer) + 1, sa.Text))
                    .returning(Course.title)
                )
            with lock:
                committed[0] = max(committed[0], int(found))
                written[0] += 1
            time.sleep(0.02)

    def look() -> None:
        while time.monotonic() < until:
            at_least = committed[0]
            found = int(title(client, course))
            with lock:
                read[0] += 1
                stale[0] += found < at_least

    threads = [threading.Thread(target=work) for work in (write, write, look, look, look, look)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return written[0], read[0], stale[0]


def test_no_reader_is_ever_answered_what_is_older_than_an_acknowledged_write(client: Client, teacher: Actor) -> None:
    course = make_course(client, teacher, title="1")
    written, read, stale = hammer(client, course, 1.5)
    assert written > 10
    assert read > 50
    assert stale == 0
    assert outcomes(client)["hit"] > 0


def test_but_for_the_tokens_the_hammer_sees_stale_answers(client: Client, teacher: Actor) -> None:
    course = make_course(client, teacher, title="1")
    tables = client.registry["cache.topics"].by_table
    client.registry["cache.topics"].by_table = {}
    try:
        assert hammer(client, course, 0.5)[2] > 0
    finally:
        client.registry["cache.topics"].by_table = tables


def test_a_row_that_is_inserted_by_a_statement_is_seen(client: Client, teacher: Actor) -> None:
    assert client.get(LIST).json["results"] == []
    with client.script() as request:
        request.db.execute(
            insert(Course),
            [
                {
                    "title": name,
                    "teacher_id": teacher.user_id,
                    "status": "published",
                    "created_at": request.now,
                    "updated_at": request.now,
                }
                for name in "ab"
            ],
        )
    assert len(client.get(LIST).json["results"]) == 2


def test_an_operator_has_answers_forgotten(client: Client, app: Any, course: str) -> None:
    title(client, course)
    with client.registry["db.engine"].begin() as connection:
        connection.execute(text("UPDATE courses SET title = 'new'"))  # by hand: nobody notices
    assert title(client, course) == "Algebra"
    told = CliRunner().invoke(forget_shared_answers, ["production.ini"], obj=app)
    assert told.output == "Whatever was kept of courses, people is forgotten.\n"
    assert title(client, course) == "new"


def named(statement: Any) -> set[str]:
    """What a statement changes, of the topic ``courses``."""
    topics = Topics()
    topics.add("courses", Course, None, "id")
    return {name.removeprefix("courses") for name in topics.of_statement(statement)}


def test_a_statement_that_names_its_row_changes_that_one_and_any_other_changes_all() -> None:
    one, other = uuid4(), uuid4()
    change = update(Course).values(title="new")
    for where in (Course.id == one, Course.id == str(one).upper(), sa.and_(Course.title == "x", Course.id == one)):
        assert named(change.where(where)) == {"", f":{one}"}
    for where in (
        Course.title == "x",
        Course.id != one,
        Course.teacher_id == one,
        Course.id.in_([one]),
        sa.or_(Course.id == one, Course.id == other),
        Course.id == sa.bindparam("id", one),
    ):
        assert named(change.where(where)) == {"", ":*"}
    assert named(change.where(Course.id == one).values(id=other)) == {"", ":*"}
    assert named(text("UPDATE courses SET title = ''")) == {"", ":*"}
    assert named(update(User).values(role="student")) == named(sa.select(Course)) == set()
