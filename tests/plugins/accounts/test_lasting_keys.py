"""Keys of what people keep: the private half goes when the key has retired, the public half is published for ever."""

import json
from collections.abc import Iterator
from typing import Any

import jwt
import pytest
from jwt.utils import base64url_encode
from sqlalchemy import select, update

from courseplatform.testing import Client, make_app
from plugins.accounts.api import Unverifiable, lasting_key, read_jws, read_keys, sign_jwt, verify_jws
from plugins.accounts.did import did_of
from plugins.accounts.jobs import purge_keys
from plugins.accounts.keys import LASTING_ALGORITHM, KeyRing, Seal, rotate_keys
from plugins.accounts.models import SigningKey
from tests.factories.accounts import Actor, make_user

ME = "/api/users/me/"
DID = "/.well-known/did.json"
JWKS = "/.well-known/jwks.json"
TYPE = "receipt+jwt"


def sign(client: Client) -> str:
    with client.script() as request:
        return sign_jwt(request, {"said": "so"}, typ=TYPE, algorithm=LASTING_ALGORITHM)


def rotate(client: Client, **options: Any) -> None:
    with client.script() as request:
        rotate_keys(request, **options)


def pass_an_hour(client: Client) -> None:
    client.clock.move(hours=1)
    with client.script() as request:
        purge_keys(request)


def is_verified(client: Client, token: str) -> bool:
    """By either of the published forms; both must agree."""
    found = []
    for address in (DID, JWKS):
        kid, _ = read_jws(token, TYPE)
        try:
            verify_jws(token, read_keys(client.get(address).body).key(kid))
            found.append(True)
        except Unverifiable:
            found.append(False)
    assert len(set(found)) == 1
    return found[0]


@pytest.fixture
def beside(wsgi_app: Any, tmp_path: Any) -> Iterator[Client]:
    """Another process on the same database."""
    app = make_app(wsgi_app.registry.settings["database.url"], tmp_path)
    yield Client(app)
    app.registry["db.engine"].dispose()


def test_what_was_signed_before_a_rotation_is_verified_for_ever(committing_client: Client, beside: Client) -> None:
    tokens = []
    for _ in range(3):
        tokens.append(sign(committing_client))
        rotate(committing_client)
        pass_an_hour(committing_client)
    for process in (committing_client, beside):
        assert [is_verified(process, token) for token in tokens] == [True] * 3
    assert len({jwt.get_unverified_header(token)["kid"] for token in tokens}) == 3


def test_the_private_half_of_a_retired_key_is_destroyed(client: Client) -> None:
    sign(client)
    ring = client.registry["accounts.keys"]
    with client.script() as request:
        old = lasting_key(request).kid
    rotate(client)
    client.get(JWKS)
    assert ring.known[old].private is not None  # a transaction that began before may still sign with it
    pass_an_hour(client)
    client.get(JWKS)
    with client.script() as request:
        assert request.db.get(SigningKey, old).sealed_private_key is None
        assert lasting_key(request).kid != old
    assert ring.known[old].private is None


def test_a_key_that_signs_keeps_its_private_half(client: Client) -> None:
    sign(client)
    pass_an_hour(client)
    assert is_verified(client, sign(client))


def test_an_emergency_unmakes_what_the_present_key_has_signed_and_nothing_older(
    committing_client: Client, beside: Client
) -> None:
    older = sign(committing_client)
    rotate(committing_client)
    pass_an_hour(committing_client)
    retiring = sign(committing_client)
    rotate(committing_client)
    present = sign(committing_client)
    assert is_verified(beside, present)
    rotate(committing_client, is_emergency=True)
    for process in (committing_client, beside):
        assert [is_verified(process, token) for token in (older, retiring, present)] == [True, False, False]
        assert is_verified(process, sign(committing_client))


def test_a_half_that_was_not_destroyed_in_time_does_not_survive_an_emergency(client: Client) -> None:
    token = sign(client)
    rotate(client)
    client.clock.move(hours=1)  # and the job that destroys it has not run
    rotate(client, is_emergency=True)
    assert not is_verified(client, token)


def test_a_new_secret_unpublishes_what_the_old_one_sealed(committing_client: Client) -> None:
    token = sign(committing_client)
    ring = KeyRing("n" * 32, 900)
    with committing_client.script() as request:
        assert ring.load(request) == {}
    assert is_verified(committing_client, token)


def test_a_public_half_that_another_hand_put_into_the_table_is_not_published(client: Client) -> None:
    sign(client)
    thief = KeyRing("t" * 32, 900)
    ours = Seal(client.registry.settings["accounts.token_secret"])
    with client.script() as request:
        thief.make(request, LASTING_ALGORITHM)
        kid, planted = thief.signer(request, LASTING_ALGORITHM).kid, ours.new_kid()
        request.db.execute(
            update(SigningKey)
            .where(SigningKey.kid == kid)
            .values(
                kid=planted,
                secret_id=ours.id,
                sealed_private_key=None,
                retired_at=request.now,
                expires_at=request.now,
            )
        )
    assert planted not in client.get(DID).text + client.get(JWKS).text


def test_halves_cannot_change_places(client: Client) -> None:
    sign(client)
    rotate(client)
    with client.script() as request:
        rows = request.db.scalars(
            select(SigningKey).where(SigningKey.algorithm == LASTING_ALGORITHM).order_by(SigningKey.created_at)
        )
        old, new = rows
        old.sealed_private_key, old.sealed_public_key = None, new.sealed_public_key
        new.sealed_private_key = new.sealed_public_key
        request.db.flush()
        found = KeyRing(client.registry.settings["accounts.token_secret"], 900).load(request)
        assert found.keys().isdisjoint({old.kid, new.kid})


# --- one key, one use


def test_a_lasting_key_opens_no_account(client: Client, student: Actor) -> None:
    claims = jwt.decode(student.token, options={"verify_signature": False})
    with client.script() as request:
        key = lasting_key(request)
        as_it_is = sign_jwt(request, claims, typ="at+jwt", algorithm=LASTING_ALGORITHM)
    _, payload, _ = as_it_is.split(".")
    header = base64url_encode(json.dumps({"alg": "ES256", "typ": "at+jwt", "kid": key.kid}).encode()).decode()
    signature = base64url_encode(key.private.sign(f"{header}.{payload}".encode())).decode()
    for token in (as_it_is, f"{header}.{payload}.{signature}"):
        client.as_(token).get(ME, status=401)
    client.as_(student.token).get(ME)


def test_a_lasting_key_opens_no_account_once_only_its_public_half_is_left(client: Client, student: Actor) -> None:
    with client.script() as request:
        private, kid = lasting_key(request).private, lasting_key(request).kid
    rotate(client)
    pass_an_hour(client)
    token = make_user(client).token
    claims = jwt.decode(token, options={"verify_signature": False})
    forged = jwt.encode(claims, private, "EdDSA", headers={"typ": "at+jwt", "kid": kid})
    client.as_(forged).get(ME, status=401)


def test_what_signs_access_tokens_signs_nothing_that_is_kept(client: Client, student: Actor) -> None:
    ring = client.registry["accounts.keys"]
    kid = jwt.get_unverified_header(student.token)["kid"]
    keys = read_keys(client.get(JWKS).body)
    assert kid not in keys.by_kid
    receipt = jwt.encode({"said": "so"}, ring.known[kid].private, "ES256", headers={"typ": TYPE, "kid": kid})
    with pytest.raises(Unverifiable):
        read_jws(receipt, TYPE)
    with pytest.raises(Unverifiable):
        read_jws(student.token, TYPE)


# --- the DID document


def test_the_did_document_names_each_key_by_its_public_half_alone(client: Client, student: Actor) -> None:
    sign(client)
    answer = client.get(DID)
    assert answer.headers["Cache-Control"] == "public, max-age=300"
    document = answer.json
    (method,) = document["verificationMethod"]
    assert document["id"] == method["controller"] == "did:web:courses.test"
    assert document["assertionMethod"] == [method["id"]]
    assert set(method) == {"id", "type", "controller", "publicKeyMultibase"}
    assert method["type"] == "Multikey" and method["publicKeyMultibase"].startswith("z6Mk")
    assert client.get("/did.json").json == document  # where a platform beneath a path is asked


@pytest.mark.parametrize(
    ("base_url", "did"),
    [
        ("https://courses.example.org", "did:web:courses.example.org"),
        ("https://Courses.example.org:8443", "did:web:courses.example.org%3A8443"),
        ("https://example.org/courses/a", "did:web:example.org:courses:a"),
    ],
)
def test_the_did_is_the_address(base_url: str, did: str) -> None:
    assert did_of(base_url) == did
