"""Access tokens: where they count, what they can't say, and how long a verified one is remembered."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import jwt

from courseplatform.testing import Client
from plugins.accounts.keys import rotate_keys
from plugins.accounts.sessions import end_session
from plugins.accounts.tokens import VerifiedToken, VerifiedTokens
from tests.factories.accounts import Actor, make_user

ME = "/api/users/me/"


def claims_of(token: str) -> dict[str, Any]:
    claims: dict[str, Any] = jwt.decode(token, options={"verify_signature": False})
    return claims


def new_token(client: Client, actor: Actor, lifetime_s: int, **claims: Any) -> str:
    with client.script() as request:
        tokens, sid = request.registry["accounts.tokens"], claims_of(actor.token)["sid"]
        made: str = tokens.create_token(
            actor.user_id, timedelta(seconds=lifetime_s), sid=sid, request=request, **claims
        )
        return made


def signatures_checked(monkeypatch: Any) -> list[str]:
    """The tokens whose signature is checked from now on."""
    used: list[str] = []
    decode = jwt.decode

    def counting(token: str, *args: Any, **kw: Any) -> Any:
        used.append(token)
        return decode(token, *args, **kw)

    monkeypatch.setattr("plugins.accounts.tokens.jwt.decode", counting)
    return used


def test_a_token_names_its_key_its_type_its_reader_and_its_session(client: Client, student: Actor) -> None:
    header, claims = jwt.get_unverified_header(student.token), claims_of(student.token)
    assert set(header) == {"alg", "kid", "typ"}
    assert (header["alg"], header["typ"]) == ("ES256", "at+jwt")
    assert set(claims) == {"exp", "iat", "sub", "jti", "aud", "iss", "sid"}
    assert claims["sub"] == student.id


def test_a_role_in_a_token_means_nothing(client: Client, student: Actor) -> None:
    actor = client.as_(new_token(client, student, 60, role="admin", roles=["admin"], scope="admin"))
    actor.get("/api/users/", status=403)
    assert actor.get(ME).json["role"] == "student"


def test_an_access_token_does_not_refresh(client: Client, student: Actor) -> None:
    client.post("/api/auth/token/refresh/", {"refresh_token": student.token}, status=(401, 422))


def test_a_token_in_another_place_is_no_token(client: Client, student: Actor) -> None:
    client.get(f"{ME}?access_token={student.token}", status=(401, 422))
    client.get(ME, status=401, headers={"Cookie": f"access_token={student.token}"})
    client.get(ME, status=401, headers={"X-Authorization": f"Bearer {student.token}"})
    for scheme in ("JWT", "Basic", "Token", "Bearer:", ""):
        answer = client.get(ME, status=401, headers={"Authorization": f"{scheme} {student.token}"})
        assert answer.json["code"] == "unauthenticated"
    client.get(ME, headers={"Authorization": f"bearer  {student.token}"})


def test_a_signature_is_checked_once(client: Client, student: Actor, monkeypatch: Any) -> None:
    token = new_token(client, student, 60)
    checked = signatures_checked(monkeypatch)
    for _ in range(3):
        client.as_(token).get(ME)
    assert checked == [token]


def test_a_remembered_token_expires_to_the_second(client: Client, student: Actor) -> None:
    actor = client.as_(new_token(client, student, 60))
    actor.get(ME)
    client.clock.move(seconds=58)
    actor.get(ME)
    client.clock.move(seconds=2)
    assert actor.get(ME, status=401).json["code"] == "invalid_token"


def test_a_remembered_token_ends_with_its_session(client: Client, student: Actor) -> None:
    student.get(ME)
    with client.script() as request:
        end_session(request, claims_of(student.token)["sid"])
    student.get(ME, status=401)


def test_a_remembered_token_ends_with_its_key(client: Client, student: Actor) -> None:
    student.get(ME)
    with client.script() as request:
        rotate_keys(request, is_emergency=True)
    student.get(ME, status=401)
    make_user(client)  # which makes this process learn of the new key
    verified = client.registry["accounts.tokens"].verified
    student.get(ME, status=401)
    assert jwt.get_unverified_header(student.token)["kid"] not in {token.kid for token in verified.found.values()}


def test_the_memory_of_tokens_is_bounded_and_keeps_the_latest_used() -> None:
    memory, token = VerifiedTokens(size=3), VerifiedToken("kid", uuid4(), uuid4(), 0, 1)
    for digest in (b"a", b"b", b"c"):
        memory.put(digest, token)
    memory.put(b"a", token)  # used again
    memory.put(b"d", token)
    assert list(memory.found) == [b"c", b"a", b"d"]
    assert memory.get(b"b") is None
