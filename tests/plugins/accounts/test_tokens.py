"""Access tokens: only living ones of ours open anything."""

import base64
import hashlib
import hmac
import json
import time
from typing import Any
from uuid import uuid4

import jwt
import pytest

from courseplatform.testing import Client
from tests.factories.accounts import PASSWORD, Actor, make_user

ME = "/api/users/me/"
MISSING = object()


@pytest.fixture
def secret(client: Client) -> str:
    return client.registry.settings["accounts.token_secret"]


def claims_of(actor: Actor) -> dict[str, Any]:
    claims: dict[str, Any] = jwt.decode(actor.token, options={"verify_signature": False})
    return claims


def forged(
    actor: Actor, secret: str, headers: dict[str, Any] | None = None, algorithm: str = "HS256", **changes: Any
) -> str:
    """A token like the actor's own, but for some claims or headers."""
    claims = {name: value for name, value in {**claims_of(actor), **changes}.items() if value is not MISSING}
    return jwt.encode(claims, secret, algorithm=algorithm, headers={"typ": "at+jwt", **(headers or {})})


def part(value: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")


def signed(header: Any, payload: Any, secret: str) -> str:
    """A token of any shape, signed with the right key."""
    body = f"{part(header)}.{part(payload)}"
    signature = hmac.new(secret.encode(), body.encode(), hashlib.sha256).digest()
    return f"{body}.{base64.urlsafe_b64encode(signature).decode().rstrip('=')}"


def refused(client: Client, token: str) -> None:
    for path in (ME, "/api/courses/"):
        answer = client.get(path, status=401, headers={"Authorization": f"Bearer {token}"})
        assert answer.json["code"] == "invalid_token"


def test_a_token_signed_with_our_key_is_taken(client: Client, student: Actor, secret: str) -> None:
    client.as_(forged(student, secret)).get(ME)  # else every refusal below shows nothing


@pytest.mark.parametrize("claim", ["exp", "iat", "sub", "jti", "aud", "iss", "sid"])
def test_a_token_without_a_claim_is_refused(client: Client, student: Actor, secret: str, claim: str) -> None:
    refused(client, forged(student, secret, **{claim: MISSING}))


@pytest.mark.parametrize(
    "changes",
    [
        {"exp": int(time.time()) - 1},
        {"exp": 0},
        {"exp": "soon"},
        {"iat": int(time.time()) + 3600},
        {"nbf": int(time.time()) + 3600},
        {"aud": "elsewhere"},
        {"aud": []},
        {"aud": None},
        {"iss": "elsewhere"},
        {"iss": ["courseplatform"]},
        {"sub": str(uuid4())},
        {"sub": "admin"},
        {"sub": ""},
        {"sub": 5},
        {"sub": ["x"]},
        {"sid": str(uuid4())},
        {"sid": "x"},
        {"sid": None},
        {"sid": 5},
        {"sid": {"a": 1}},
    ],
)
def test_a_token_with_a_wrong_claim_is_refused(
    client: Client, student: Actor, secret: str, changes: dict[str, Any]
) -> None:
    try:
        token = forged(student, secret, **changes)
    except TypeError:  # PyJWT itself declines to write it
        token = signed({"alg": "HS256", "typ": "at+jwt"}, {**claims_of(student), **changes}, secret)
    refused(client, token)


@pytest.mark.parametrize("typ", ["JWT", "refresh", "AT+JWT ", "", None, ["at+jwt"]])
def test_a_token_of_another_type_is_refused(client: Client, student: Actor, secret: str, typ: Any) -> None:
    refused(client, signed({"alg": "HS256", "typ": typ}, claims_of(student), secret))


@pytest.mark.filterwarnings("ignore::jwt.warnings.InsecureKeyLengthWarning")
def test_a_token_of_another_algorithm_is_refused(client: Client, student: Actor, secret: str) -> None:
    for algorithm in ("HS384", "HS512"):
        refused(client, forged(student, secret * 3, algorithm=algorithm))
        refused(client, forged(student, secret, algorithm=algorithm))
    for algorithm in ("none", "None", "NONE", "", "RS256", "hs256"):
        header = {"alg": algorithm, "typ": "at+jwt"}
        refused(client, f"{part(header)}.{part(claims_of(student))}.")
        refused(client, signed(header, claims_of(student), secret))


def test_a_token_signed_with_another_key_is_refused(client: Client, student: Actor, secret: str) -> None:
    for key in (secret + "x", secret[::-1], "x" * 32):
        refused(client, forged(student, key))
    jwk = {"kty": "oct", "k": base64.urlsafe_b64encode(b"x" * 32).decode().rstrip("=")}
    refused(client, forged(student, "x" * 32, headers={"jwk": jwk, "kid": "../../dev/null"}))


def test_a_token_with_a_critical_extension_that_we_do_not_know_is_refused(
    client: Client, student: Actor, secret: str
) -> None:
    refused(
        client, signed({"alg": "HS256", "typ": "at+jwt", "crit": ["exotic"], "exotic": 1}, claims_of(student), secret)
    )


def test_the_claims_of_one_token_do_not_go_with_the_signature_of_another(
    client: Client, student: Actor, admin: Actor
) -> None:
    header, _, signature = student.token.split(".")
    refused(client, ".".join((header, admin.token.split(".")[1], signature)))
    refused(client, student.token[:-6] + "AAAAAA")


def test_a_users_token_does_not_go_with_another_users_session(
    client: Client, student: Actor, admin: Actor, secret: str
) -> None:
    refused(client, forged(student, secret, sub=admin.id))
    refused(client, forged(student, secret, sid=claims_of(admin)["sid"]))


def test_a_role_in_a_token_means_nothing(client: Client, student: Actor, secret: str) -> None:
    actor = client.as_(forged(student, secret, role="admin", roles=["admin"], scope="admin"))
    actor.get("/api/users/", status=403)
    assert actor.get(ME).json["role"] == "student"


@pytest.mark.parametrize(
    "token",
    ["a", "..", "a.b.c", "....", "null", "{}", "%00", "\xff.\xff.\xff", "e30.e30.e30", "W10.W10.W10", "a" * 100_000],
)
def test_what_is_no_token_at_all_is_refused(client: Client, token: str) -> None:
    refused(client, token)


def test_a_huge_token_is_refused_before_it_is_read(client: Client, student: Actor, secret: str) -> None:
    refused(client, forged(student, secret, padding="x" * 5000))


def test_a_payload_that_is_no_object_is_refused(client: Client, secret: str) -> None:
    for payload in ([], "x", 5, None, {"a": {"b": []}}):
        refused(client, signed({"alg": "HS256", "typ": "at+jwt"}, payload, secret))
    for header in ([], "x", 5, None, {}, {"alg": ["HS256"], "typ": "at+jwt"}, {"alg": {}, "typ": "at+jwt"}):
        refused(client, signed(header, {}, secret))


def test_a_refresh_token_opens_nothing(client: Client) -> None:
    make_user(client, username="grace")
    tokens = client.post("/api/auth/login/", {"username": "grace", "password": PASSWORD}, status=200).json
    refused(client, tokens["refresh_token"])
    client.post("/api/auth/token/refresh/", {"refresh_token": tokens["access_token"]}, status=(401, 422))


def test_a_token_in_another_place_is_no_token(client: Client, student: Actor) -> None:
    client.get(f"{ME}?access_token={student.token}", status=(401, 422))
    client.get(ME, status=401, headers={"Cookie": f"access_token={student.token}"})
    client.get(ME, status=401, headers={"Authorization": f"JWT {student.token}"})
    client.get(ME, status=401, headers={"X-Authorization": f"Bearer {student.token}"})
    client.get(ME, headers={"Authorization": f"bearer  {student.token} "})
