"""Linking identities with an account, and unlinking them."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest
import sqlalchemy as sa

from courseplatform.api import Conflict
from courseplatform.testing import Client, committed
from plugins.accounts.models import User
from plugins.oidc import operations
from plugins.oidc.models import ExternalIdentity
from tests.factories.accounts import Actor, make_user
from tests.plugins.oidc.browser import Browser
from tests.plugins.oidc.hostile import HostileProvider


def link(actor: Actor, provider: HostileProvider, subject: str = "ada", status: int = 200) -> Any:
    browser = Browser(actor, token=actor.token)
    provider.person = {"sub": subject, "email": "ada@provider.test", "email_verified": True}
    return browser.end(**provider.approve(browser.begin(link="true")), status=status)


def add_identity(client: Client, actor: Actor, subject: str) -> str:
    with client.script() as request:
        row = ExternalIdentity(
            user_id=actor.user_id,
            issuer="https://issuer.test",
            subject=subject,
            provider="one",
            created_at=request.now,
            last_used_at=request.now,
        )
        request.db.add(row)
        request.db.flush()
        return f"/api/users/me/identities/{row.id}/"


def without_password(client: Client, **fields: Any) -> Actor:
    actor = make_user(client, **fields)
    with client.script() as request:
        request.db.get(User, actor.user_id).password_hash = None
    return actor


def test_a_linked_identity_signs_in_to_the_account_and_is_listed_there(
    browser: Browser, provider: HostileProvider, student: Actor
) -> None:
    linked = link(student, provider).json
    assert (linked["provider"], linked["issuer"], linked["subject"]) == ("one", provider.issuer, "ada")
    assert "access_token" not in linked
    tokens = browser.end(**provider.approve(browser.begin())).json
    assert browser.client.as_(tokens["access_token"]).get("/api/users/me/").json["id"] == student.id
    listed = student.get("/api/users/me/identities/").json["results"]
    assert [row["id"] for row in listed] == [linked["id"]]
    assert link(student, provider).json["id"] == linked["id"]


def test_linking_does_not_change_the_account(provider: HostileProvider, student: Actor) -> None:
    before = student.get("/api/users/me/").json
    link(student, provider)
    assert student.get("/api/users/me/").json == before


def test_an_identity_belongs_to_one_account(client: Client, provider: HostileProvider, student: Actor) -> None:
    link(student, provider)
    other = make_user(client)
    assert link(other, provider, status=409).json["code"] == "identity_taken"
    assert other.get("/api/users/me/identities/").json["results"] == []


def test_linking_needs_a_session(client: Client, provider: HostileProvider) -> None:
    assert Browser(client).begin(link="true", status=401).json["code"] == "unauthenticated"
    assert Browser(client, token="nonsense").begin(link="true", status=401).json["code"] == "invalid_token"


def test_a_session_that_ends_meanwhile_links_nothing_any_more(provider: HostileProvider, student: Actor) -> None:
    browser = Browser(student, token=student.token)
    given = provider.approve(browser.begin(link="true"))
    student.post("/api/auth/logout/", status=204)
    assert browser.end(**given, status=401).json["code"] == "invalid_token"
    with student.script() as request:
        assert request.db.scalars(sa.select(ExternalIdentity)).all() == []


def test_an_unlinked_identity_is_a_strangers(browser: Browser, provider: HostileProvider, student: Actor) -> None:
    address = f"/api/users/me/identities/{link(student, provider).json['id']}/"
    student.delete(address)
    student.delete(address, status=404)
    tokens = browser.end(**provider.approve(browser.begin())).json
    assert browser.client.as_(tokens["access_token"]).get("/api/users/me/").json["id"] != student.id


def test_others_identities_are_nobodys_business(client: Client, student: Actor, admin: Actor) -> None:
    address = add_identity(client, student, "ada")
    for other in (admin, make_user(client)):
        assert other.get("/api/users/me/identities/").json["results"] == []
        other.delete(address, status=404)
    client.delete(address, status=401)
    assert len(student.get("/api/users/me/identities/").json["results"]) == 1


def test_the_last_way_in_can_t_be_unlinked(client: Client, provider: HostileProvider) -> None:
    actor = without_password(client)
    first, second = add_identity(client, actor, "1"), add_identity(client, actor, "2")
    actor.delete(first)
    assert actor.delete(second, status=409).json["code"] == "last_way_in"
    assert len(actor.get("/api/users/me/identities/").json["results"]) == 1


def test_a_password_is_a_way_in_too(client: Client, student: Actor) -> None:
    student.delete(add_identity(client, student, "1"))


@pytest.fixture
def committing(oidc_app: Any, provider: HostileProvider) -> Any:
    with committed(oidc_app) as made:
        yield made


def test_of_two_ways_in_one_stays_however_many_unlink_at_once(committing: Client) -> None:
    actor = without_password(committing)
    addresses = [add_identity(committing, actor, str(number)) for number in range(4)]
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda address: actor.delete(address, status=None).status_int, addresses))
    assert sorted(answers) == [204, 204, 204, 409]
    assert len(actor.get("/api/users/me/identities/").json["results"]) == 1


def test_unlinking_keeps_a_way_in_also_outside_http(committing: Client) -> None:
    actor, together = without_password(committing), Barrier(3)
    for number in range(3):
        add_identity(committing, actor, str(number))
    with committing.script() as request:
        ids = list(request.db.scalars(sa.select(ExternalIdentity.id)))

    def unlink(identity_id: Any) -> str:
        try:
            with committing.script() as request:
                identity = request.db.get(ExternalIdentity, identity_id)
                together.wait(5)
                operations.unlink(request, identity)
        except Conflict as error:
            return error.code
        return "unlinked"

    with ThreadPoolExecutor(3) as pool:
        assert sorted(pool.map(unlink, ids)) == ["last_way_in", "unlinked", "unlinked"]


def test_a_first_sign_in_in_many_windows_at_once_makes_one_account(
    committing: Client, provider: HostileProvider
) -> None:
    browsers = [Browser(committing) for _ in range(4)]
    given = [provider.approve(browser.begin()) for browser in browsers]
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda pair: pair[0].end(**pair[1], status=None), zip(browsers, given, strict=True)))
    assert [answer.status_int for answer in answers] == [200] * 4
    with committing.script() as request:
        assert request.db.scalar(sa.select(sa.func.count()).select_from(User)) == 1
        assert request.db.scalar(sa.select(sa.func.count()).select_from(ExternalIdentity)) == 1


def test_an_answer_that_is_brought_many_times_at_once_makes_one_session(
    committing: Client, provider: HostileProvider
) -> None:
    browser = Browser(committing)
    given = provider.approve(browser.begin())
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: browser.end(**given, status=None).status_int, range(8)))
    assert sorted(answers) == [200] + [400] * 7
