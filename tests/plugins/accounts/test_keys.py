"""Signing keys: one signs, the retired ones still verify, and every process knows at once."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import jwt
import pytest
from click.testing import CliRunner
from joserfc import jwt as other_jwt
from joserfc.jwk import KeySet
from sqlalchemy import func, select, update

from courseplatform.testing import Client, counted_statements, make_app
from plugins.accounts.api import sign_jwt
from plugins.accounts.commands import rotate_signing_keys
from plugins.accounts.jobs import purge_keys
from plugins.accounts.keys import ACCESS_ALGORITHM, KeyRing, Seal, rotate_keys
from plugins.accounts.models import SigningKey
from tests.factories.accounts import PASSWORD, Actor, make_user

ME = "/api/users/me/"
JWKS = "/.well-known/jwks.json"
INI = str(Path(__file__).resolve().parents[3] / "development.ini")


def kid_of(token: str) -> str:
    kid: str = jwt.get_unverified_header(token)["kid"]
    return kid


def rotate(client: Client, **options: Any) -> None:
    with client.script() as request:
        rotate_keys(request, **options)


def signers(client: Client) -> list[str]:
    with client.script() as request:
        return list(request.db.scalars(select(SigningKey.kid).where(SigningKey.retired_at.is_(None))))


def sign_in(client: Client, actor: Actor) -> dict[str, Any]:
    username = client.as_(actor.token).get(ME).json["username"]
    return dict(client.post("/api/auth/login/", {"username": username, "password": PASSWORD}, 200).json)


def app_beside(wsgi_app: Any, folder: Path, **settings: Any) -> Any:
    """Another process on the same database."""
    return make_app(wsgi_app.registry.settings["database.url"], folder, **settings)


@pytest.fixture(scope="module")
def beside(wsgi_app: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    app = app_beside(wsgi_app, tmp_path_factory.mktemp("beside"))
    yield Client(app)
    app.registry["db.engine"].dispose()


# --- the public halves


def test_anyone_can_verify_our_tokens_with_the_published_keys(client: Client, student: Actor) -> None:
    answer = client.get(JWKS)
    assert answer.content_type == "application/json"
    assert answer.headers["Cache-Control"] == "public, max-age=300"
    keys = KeySet.import_key_set(answer.json)
    token = other_jwt.decode(student.token, keys, algorithms=["ES256"])
    assert token.claims["sub"] == student.id
    with client.script() as request:
        signed = sign_jwt(request, {"sub": "x"}, typ="JWT")
    keys = KeySet.import_key_set(client.get(JWKS).json)
    assert other_jwt.decode(signed, keys, algorithms=["RS256"]).claims == {"sub": "x"}


def test_no_private_member_is_published(client: Client, student: Actor) -> None:
    with client.script() as request:
        sign_jwt(request, {}, typ="JWT")
    elliptic, rsa = client.get(JWKS).json["keys"]
    assert set(elliptic) == {"kty", "crv", "x", "y", "kid", "alg", "use"}
    assert set(rsa) == {"kty", "n", "e", "kid", "alg", "use"}
    assert (elliptic["alg"], rsa["alg"]) == ("ES256", "RS256")


def test_every_key_is_as_strong_as_128_bits(client: Client, student: Actor) -> None:
    with client.script() as request:
        sign_jwt(request, {}, typ="JWT")
    elliptic, rsa = (jwt.PyJWK(key).key for key in client.get(JWKS).json["keys"])
    assert (elliptic.curve.name, rsa.key_size) == ("secp256r1", 3072)


def test_the_published_keys_are_the_same_for_everybody(client: Client, student: Actor) -> None:
    for headers in ({}, {"Authorization": "Bearer x"}, {"Authorization": f"Bearer {student.token}"}):
        assert [key["kid"] for key in client.get(JWKS, headers=headers).json["keys"]] == [kid_of(student.token)]
    client.post(JWKS, {}, status=404)


def test_a_key_is_published_until_it_verifies_nothing_any_more(client: Client, student: Actor) -> None:
    rotate(client)
    (new,) = signers(client)
    assert {key["kid"] for key in client.get(JWKS).json["keys"]} == {kid_of(student.token), new}
    client.clock.move(seconds=15 * 60 + 61)
    assert {key["kid"] for key in client.get(JWKS).json["keys"]} == {new}


# --- making


def test_many_first_uses_at_once_make_one_key(committing_client: Client) -> None:
    registry = committing_client.registry
    rings = [KeyRing(registry.settings["accounts.token_secret"], 900) for _ in range(8)]
    start = threading.Barrier(len(rings))

    def first_use(ring: KeyRing) -> str:
        with committing_client.script() as request:
            request.db.execute(select(1))
            start.wait(10)
            return ring.signer(request, ACCESS_ALGORITHM).kid

    with ThreadPoolExecutor(len(rings)) as pool:
        kids = set(pool.map(first_use, rings))
    assert list(kids) == signers(committing_client)


def test_a_key_whose_transaction_was_rolled_back_signs_nothing(committing_client: Client) -> None:
    ring = committing_client.registry["accounts.keys"]
    with pytest.raises(ZeroDivisionError), committing_client.script() as request:
        lost = ring.signer(request, ACCESS_ALGORITHM).kid
        raise ZeroDivisionError
    user = make_user(committing_client)
    assert kid_of(user.token) != lost
    user.get(ME)


# --- rotation


def test_live_tokens_outlive_a_rotation_in_every_process(committing_client: Client, beside: Client) -> None:
    old = make_user(committing_client)
    beside.as_(old.token).get(ME)
    rotate(committing_client)
    for process in (committing_client, beside):
        process.as_(old.token).get(ME)
    new = sign_in(committing_client, old)["access_token"]
    assert kid_of(new) != kid_of(old.token)
    beside.as_(new).get(ME)


def test_every_process_signs_with_the_new_key_at_once(committing_client: Client, beside: Client) -> None:
    user = make_user(committing_client)
    assert kid_of(sign_in(beside, user)["access_token"]) == kid_of(user.token)
    rotate(committing_client)
    (new,) = signers(committing_client)
    assert kid_of(sign_in(beside, user)["access_token"]) == new


def test_a_retired_key_verifies_until_its_last_token_has_expired(client: Client, student: Actor) -> None:
    tokens = sign_in(client, student)
    rotate(client)
    client.clock.move(seconds=15 * 60 - 1)
    client.as_(tokens["access_token"]).get(ME)
    student.get(ME)  # whose token lives longer than any that is really issued
    client.clock.move(seconds=62)
    student.get(ME, status=401)
    client.get("/api/courses/", status=401, headers={"Authorization": f"Bearer {student.token}"})
    client.post("/api/auth/token/refresh/", {"refresh_token": tokens["refresh_token"]}, 200)


def test_expired_keys_are_destroyed(client: Client, student: Actor) -> None:
    rotate(client)
    with client.script() as request:
        purge_keys(request)
        assert request.db.scalar(select(func.count()).select_from(SigningKey)) == 2
    client.clock.move(hours=1)
    with client.script() as request:
        purge_keys(request)
        assert list(request.db.scalars(select(SigningKey.kid))) == signers(client)


def test_an_emergency_ends_every_access_token_in_every_process_and_no_session(
    committing_client: Client, beside: Client
) -> None:
    user = make_user(committing_client)
    tokens = sign_in(committing_client, user)
    for process in (committing_client, beside):
        process.as_(tokens["access_token"]).get(ME)
    rotate(committing_client, is_emergency=True)
    for process in (beside, committing_client):
        for path in (ME, "/api/courses/"):
            process.as_(tokens["access_token"]).get(path, status=401)
    assert kid_of(user.token) not in str(beside.get(JWKS).json)
    again = beside.post("/api/auth/token/refresh/", {"refresh_token": tokens["refresh_token"]}, 200).json
    for process in (beside, committing_client):
        process.as_(again["access_token"]).get(ME)


@pytest.mark.parametrize("is_emergency", [False, True])
def test_rotations_at_once_leave_one_signing_key(committing_client: Client, is_emergency: bool) -> None:
    make_user(committing_client)
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: rotate(committing_client, is_emergency=is_emergency), range(8)))
    assert len(signers(committing_client)) == 1


def test_sign_ins_amid_rotations_get_tokens_that_open(committing_client: Client, beside: Client) -> None:
    user = make_user(committing_client)
    sign_in(committing_client, user)

    def act(number: int) -> None:
        if number % 4 == 0:
            rotate(committing_client)
        process = (committing_client, beside)[number % 2]
        token = sign_in(process, user)["access_token"]
        for reader in (committing_client, beside):
            Client(reader.app, token).get(ME)

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(act, range(24)))


def test_every_kind_of_key_is_rotated(client: Client, student: Actor) -> None:
    with client.script() as request:
        old = sign_jwt(request, {}, typ="JWT")
    rotate(client)
    new = signers(client)
    with client.script() as request:
        assert kid_of(sign_jwt(request, {}, typ="JWT")) in new
    assert len(new) == 2 and kid_of(old) not in new


def test_the_command_rotates(client: Client, student: Actor) -> None:
    tokens = sign_in(client, student)
    done = CliRunner().invoke(rotate_signing_keys, [INI], obj=client.app)
    assert done.exit_code == 0 and "stay valid" in done.output
    assert signers(client) != [kid_of(student.token)]
    student.get(ME)
    done = CliRunner().invoke(rotate_signing_keys, [INI, "--emergency"], obj=client.app)
    assert done.exit_code == 0 and "refused" in done.output
    student.get(ME, status=401)
    client.post("/api/auth/token/refresh/", {"refresh_token": tokens["refresh_token"]}, 200)


# --- unknown keys


def test_a_flood_of_made_up_keys_does_not_reach_the_database(client: Client, student: Actor) -> None:
    ring = client.registry["accounts.keys"]
    header = {"typ": "at+jwt", "kid": "0123456789abcdef" * 2}
    bad = jwt.encode({"sub": "x"}, ring.known[kid_of(student.token)].private, "ES256", headers=header)
    with counted_statements(client.registry) as statements:
        for _ in range(20):
            client.as_(bad).get(ME, status=401)
    assert statements == []


def test_a_key_that_is_gone_is_looked_for_once(committing_client: Client, beside: Client) -> None:
    user = make_user(committing_client)
    rotate(committing_client, is_emergency=True)
    with counted_statements(beside.registry) as statements:
        for _ in range(20):
            beside.as_(user.token).get(ME, status=401)
    assert len([s for s in statements if "signing_keys" in s]) == 1


# --- the secret


def test_private_keys_are_sealed_with_the_secret(client: Client, student: Actor) -> None:
    key = client.registry["accounts.keys"].known[kid_of(student.token)]
    raw = key.private.private_numbers().private_value.to_bytes(32, "big")
    with client.script() as request:
        row = request.db.get(SigningKey, key.kid)
        assert raw not in row.sealed_private_key
        opened = Seal(client.registry.settings["accounts.token_secret"]).open(row)
        assert opened is not None and opened.jwk() == key.jwk()
        assert Seal("another secret of more than 32 characters").open(row) is None
        assert "BEGIN" not in str(vars(row)) and raw.hex() not in str(vars(row))


def test_a_key_that_was_put_into_the_table_by_another_hand_is_none(committing_client: Client, beside: Client) -> None:
    user = make_user(committing_client)
    ours, thief = Seal(committing_client.registry.settings["accounts.token_secret"]), Seal("t" * 32)
    forged = KeyRing("t" * 32, 900)
    with committing_client.script() as request:
        rotate_keys(request)
        forged.make(request, ACCESS_ALGORITHM)
        key = forged.signer(request, ACCESS_ALGORITHM)
        renamed = ours.new_kid()
        request.db.execute(
            update(SigningKey)
            .where(SigningKey.kid == key.kid)
            .values(kid=renamed, secret_id=ours.id, retired_at=request.now, expires_at=request.now.replace(year=9999))
        )
    claims = jwt.decode(user.token, options={"verify_signature": False})
    token = jwt.encode(claims, key.private, "ES256", headers={"typ": "at+jwt", "kid": renamed})
    assert thief.has_named(key.kid) and not ours.has_named(key.kid)
    for process in (beside, committing_client):
        process.as_(token).get(ME, status=401)
        process.as_(user.token).get(ME)
    assert renamed not in str(beside.get(JWKS).json)


def test_sealed_keys_cannot_change_places(client: Client, student: Actor) -> None:
    rotate(client)
    (new,) = signers(client)
    with client.script() as request:
        old = request.db.get(SigningKey, kid_of(student.token))
        request.db.get(SigningKey, new).sealed_private_key = old.sealed_private_key
        request.db.flush()
        ring = KeyRing(client.registry.settings["accounts.token_secret"], 900)
        assert list(ring.load(request)) == [old.kid]
        with pytest.raises(LookupError, match="rotate-keys"):
            ring.signer(request, ACCESS_ALGORITHM)


def test_a_new_secret_ends_access_tokens_but_no_session_and_spares_the_old_processes(
    committing_client: Client, wsgi_app: Any, tmp_path: Path, caplog: Any
) -> None:
    user = make_user(committing_client)
    tokens = sign_in(committing_client, user)
    app = app_beside(wsgi_app, tmp_path, **{"accounts.token_secret": "Zq8vN2kT5xB9mW4rL7cJ1hF6gD3sA0pY"})
    renewed = Client(app)
    renewed.as_(tokens["access_token"]).get(ME, status=401)
    again = renewed.post("/api/auth/token/refresh/", {"refresh_token": tokens["refresh_token"]}, 200).json
    renewed.as_(again["access_token"]).get(ME)
    committing_client.as_(again["access_token"]).get(ME, status=401)
    assert kid_of(sign_in(committing_client, user)["access_token"]) == kid_of(user.token)
    assert [key["kid"] for key in renewed.get(JWKS).json["keys"]] == [kid_of(again["access_token"])]
    assert "tampered" not in caplog.text
    app.registry["db.engine"].dispose()
