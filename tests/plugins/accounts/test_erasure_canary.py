"""Erasure: a name, an address and a username are planted wherever the platform puts such things, and must be gone."""

from uuid import UUID

import pytest
import sqlalchemy as sa

from courseplatform.db import Base
from courseplatform.testing import Client
from plugins.accounts.models import EmailToken, SignInSession
from plugins.certificates.models import Certificate
from plugins.oauth.models import OAuthClient, OAuthConsent, PersonalToken
from plugins.oidc.models import ExternalIdentity, OidcLogin
from plugins.webhooks.models import Webhook
from tests.contracts.world import World
from tests.factories.accounts import Actor, make_user

USERNAME, FIRST, LAST = "zyxcanary", "Zyxfirst", "Zyxlast"
EMAIL, NEW_EMAIL, OTHER_EMAIL = "zyxmail@example.com", "zyxnew@example.com", "zyxgoogle@example.org"
AGENT, ADDRESS, SUBJECT = "ZyxBrowser/1.0", "203.0.113.77", "zyxsubject"
CANARIES = ("zyx", ADDRESS)
WORDS = "zyxwords"

#: What they wrote themselves stays unless they delete it: (table, column).
FREE_TEXT = {
    ("comments", "text"),
    ("reviews", "text"),
    ("submissions", "text"),
    ("submissions", "file_name"),
}


def found(connection: sa.Connection) -> dict[tuple[str, str], list[str]]:
    """(table, column) → the values in which a canary sings, over every column of every table."""
    singing: dict[tuple[str, str], list[str]] = {}
    for table in Base.metadata.sorted_tables:
        for column in table.columns:
            as_text = sa.cast(column, sa.Text)
            is_there = sa.or_(*(as_text.icontains(canary) for canary in CANARIES))
            values = list(connection.execute(sa.select(as_text).where(is_there)).scalars())
            if values:
                singing[table.name, column.name] = values
    return singing


@pytest.fixture
def world(client: Client) -> World:
    return World(client)


def plant(world: World) -> Actor:
    """A student who has been everywhere: through HTTP where HTTP makes the row, else as a row."""
    client = world.client
    headers = {"User-Agent": AGENT}
    made = {"username": USERNAME, "email": EMAIL, "password": "a long enough passphrase"}
    user_id = client.post("/api/auth/register/", {**made, "first_name": FIRST, "last_name": LAST}).json["id"]
    signing_in = {"username": USERNAME, "password": made["password"]}
    tokens = client.post(
        "/api/auth/login/", signing_in, 200, headers=headers, extra_environ={"REMOTE_ADDR": ADDRESS}
    ).json
    actor = Actor(client.app, tokens["access_token"], UUID(user_id))
    client.post("/api/auth/password-reset/", {"email": EMAIL}, None)
    actor.patch("/api/users/me/", {"email": NEW_EMAIL, "timezone": "Europe/Moscow", "locale": "ru"}, None)
    client.run_jobs()
    for course in ("course", "third"):
        actor.put(f"/api/courses/{world.ids[course]}/enrollments/me/", status=201)
    lesson = f"/api/courses/{world.ids['course']}/lessons/{world.ids['lesson']}/"
    comment = actor.post(f"{lesson}comments/", {"text": WORDS}).json
    world.actors["X"].post(f"{lesson}comments/", {"text": "a reply", "parent_id": comment["id"]})
    actor.post(f"/api/courses/{world.ids['course']}/reviews/", {"rating": 5, "text": WORDS})
    work = f"{lesson}assignments/{world.ids['assignment']}/submissions/"
    handed_in = actor.post(work, {"text": WORDS}).json
    world.actors["O"].put(f"{work}{handed_in['id']}/grade/", {"grade": 50}, headers={"If-Match": "*"})
    world.actors["O"].post(
        "/api/users/certificates/",
        {"student_id": user_id, "course_id": world.ids["course"], "override_reason": "by hand"},
    )
    world.actors["D"].post("/api/users/notifications/", {"recipient_id": user_id, "message": f"Dear {FIRST}"})
    with client.script() as request:
        now = request.now
        session_id = request.db.scalar(sa.select(SignInSession.id).where(SignInSession.user_id == actor.user_id))
        program = OAuthClient(
            name="program", redirect_uris=[], grant_types=[], scopes=[], secret_sha256=None, created_at=now
        )
        request.db.add(program)
        request.db.flush()
        request.db.add_all(
            [
                ExternalIdentity(
                    user_id=actor.user_id,
                    issuer="https://issuer.test",
                    subject=SUBJECT,
                    provider="one",
                    email=OTHER_EMAIL,
                    created_at=now,
                    last_used_at=now,
                ),
                OidcLogin(
                    state_sha256="s",
                    browser_sha256="b",
                    provider="one",
                    nonce="n",
                    code_verifier="v",
                    redirect_uri="https://front.test/",
                    session_id=session_id,
                    expires_at=now.replace(year=9999),
                    created_at=now,
                ),
                Webhook(
                    owner_id=actor.user_id,
                    url="https://zyx.example.com/",
                    event_types=[],
                    description=f"{FIRST}'s",
                    sealed_secret=b"x",
                    created_at=now,
                ),
                OAuthConsent(user_id=actor.user_id, client_id=program.id, scopes=["profile"], created_at=now),
                PersonalToken(
                    user_id=actor.user_id,
                    name=f"{FIRST}'s laptop",
                    token_sha256="t",
                    scopes=[],
                    expires_at=now.replace(year=9999),
                    created_at=now,
                ),
            ]
        )
    client.run_jobs()
    return actor


def test_after_an_erasure_nothing_names_the_person_but_what_they_wrote(world: World) -> None:
    actor = plant(world)
    with world.client.script() as request:
        before = found(request.db.connection())
        assert before.keys() >= {
            ("users", "username"),
            ("users", "email"),
            ("users", "first_name"),
            ("users", "last_name"),
            ("sessions", "user_agent"),
            ("sessions", "address"),
            ("external_identities", "email"),
            ("external_identities", "subject"),
            ("certificates", "student_name"),
            ("notifications", "message"),
            ("personal_tokens", "name"),
            ("webhooks", "url"),
            ("comments", "text"),
        }, "a canary was not planted"
    actor.delete("/api/users/me/")
    world.client.run_jobs()
    with world.client.script() as request:
        after = found(request.db.connection())
    assert after.keys() <= FREE_TEXT
    assert {value for values in after.values() for value in values} <= {WORDS}


def test_what_an_erasure_leaves_is_pseudonymous(world: World) -> None:
    actor = plant(world)
    actor.delete("/api/users/me/")
    world.client.run_jobs()
    lesson = f"/api/courses/{world.ids['course']}/lessons/{world.ids['lesson']}/"
    comments = world.actors["E"].get(f"{lesson}comments/?expand=author&limit=100").json["results"]
    mine = next(comment for comment in comments if comment["author_id"] == actor.id)
    assert mine["text"] == WORDS
    assert mine["extensions"]["author"] == {
        "id": actor.id,
        "username": f"erased:{actor.id}",
        "first_name": "",
        "last_name": "",
        "role": "student",
    }
    works = world.actors["O"].get(f"{lesson}assignments/{world.ids['assignment']}/submissions/?limit=100").json
    assert next(work["grade"] for work in works["results"] if work["student_id"] == actor.id) == 50
    with world.client.script() as request:
        certificate = request.db.scalars(sa.select(Certificate).where(Certificate.student_id == actor.user_id)).one()
        code = certificate.verification_code
    verified = world.client.get(f"/api/certificates/{code}/").json
    assert verified["is_valid"] is True
    assert FIRST not in str(verified)


def test_an_erasure_ends_every_way_in(world: World) -> None:
    actor = plant(world)
    actor.delete("/api/users/me/")
    actor.get("/api/users/me/", status=401)
    signing_in = {"username": EMAIL, "password": "a long enough passphrase"}
    world.client.post("/api/auth/login/", signing_in, 401)
    world.client.run_jobs()
    with world.client.script() as request:
        for model in (ExternalIdentity, OAuthConsent, PersonalToken, EmailToken):
            own = sa.select(sa.func.count()).where(model.user_id == actor.user_id)
            assert request.db.scalar(own) == 0, model.__tablename__
        living = sa.select(SignInSession).where(
            SignInSession.user_id == actor.user_id, SignInSession.ended_at.is_(None)
        )
        assert request.db.scalars(living).all() == []


def test_the_name_and_the_address_are_free_again(world: World) -> None:
    plant(world).delete("/api/users/me/")
    world.client.post(
        "/api/auth/register/", {"username": USERNAME, "email": EMAIL, "password": "a long enough passphrase"}
    )


def test_mail_that_is_under_way_to_an_erased_user_is_not_sent(client: Client) -> None:
    made = {"username": USERNAME, "email": EMAIL, "password": "a long enough passphrase"}
    user_id = client.post("/api/auth/register/", made).json["id"]
    client.post("/api/auth/password-reset/", {"email": EMAIL}, None)
    make_user(client, "admin").delete(f"/api/users/{user_id}/")
    folder = client.registry.settings["mail.folder"]
    before = mails(folder)
    client.run_jobs()
    assert [mail for mail in mails(folder) - before if EMAIL in mail] == []
    with client.script() as request:
        assert found(request.db.connection()) == {}


def mails(folder: str) -> set[str]:
    from pathlib import Path

    return {path.read_text() for path in Path(folder).glob("**/*.eml")}


def test_a_job_that_is_done_forgets_what_it_was_told(client: Client) -> None:
    client.post("/api/auth/password-reset/", {"email": "nobody.zyx@example.com"}, None)
    client.run_jobs()
    with client.script() as request:
        assert found(request.db.connection()) == {}
