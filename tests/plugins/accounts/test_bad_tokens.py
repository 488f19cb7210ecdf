"""A corpus of forged, stale and misused tokens: each is 401 ``invalid_token``, on protected and on public addresses."""

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Callable, Iterator
from typing import Any
from uuid import uuid4

import jwt
import pytest
import sqlalchemy as sa
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

from courseplatform.testing import Client, rolled_back
from plugins.accounts.api import sign_jwt
from plugins.accounts.keys import KeyRing, OpenKey
from plugins.accounts.sessions import end_session
from tests.factories.accounts import PASSWORD, Actor, make_user

ME = "/api/users/me/"
PUBLIC = "/api/courses/"
GONE = Ellipsis  # what is not sent at all; its name is the same in every process
CANARY = "cAnArY-8231"
ES256: Any = jwt.get_algorithm_by_name("ES256")
NOW = int(time.time())


def b64(value: bytes) -> str:
    return base64.urlsafe_b64encode(value).decode().rstrip("=")


def part(value: Any) -> str:
    return b64(value if isinstance(value, bytes) else json.dumps(value).encode())


class Forge:
    """Makes tokens like the student's own, but for what is changed: it holds our keys, so that only that is wrong."""

    def __init__(self, client: Client, student: Actor, other: Actor) -> None:
        self.client, self.student, self.other = client, student, other
        self.ring: KeyRing = client.registry["accounts.keys"]
        self.key: OpenKey = self.ring.known[jwt.get_unverified_header(student.token)["kid"]]
        self.true_claims = jwt.decode(student.token, options={"verify_signature": False})

    def header(self, **changes: Any) -> dict[str, Any]:
        return changed({"alg": "ES256", "kid": self.key.kid, "typ": "at+jwt"}, changes)

    def claims(self, **changes: Any) -> dict[str, Any]:
        return changed({**self.true_claims, "note": CANARY}, changes)

    def token(self, header: Any = None, claims: Any = None, sign: Callable[[bytes], bytes] | None = None) -> str:
        """Of any header and payload, signed with the student's key unless ``sign`` says otherwise."""
        body = (
            f"{part(self.header() if header is None else header)}.{part(self.claims() if claims is None else claims)}"
        )
        return f"{body}.{b64((sign or self.sign)(body.encode()))}"

    def sign(self, body: bytes) -> bytes:
        return ES256.sign(body, self.key.private)

    def with_header(self, **changes: Any) -> str:
        return self.token(self.header(**changes))

    def with_claims(self, **changes: Any) -> str:
        return self.token(claims=self.claims(**changes))

    def by_hmac(self, secret: bytes, **header: Any) -> str:
        return self.token(
            self.header(alg="HS256", **header), sign=lambda body: hmac.new(secret, body, hashlib.sha256).digest()
        )

    def public_bytes(self, encoding: Any, form: Any) -> bytes:
        found: bytes = self.key.public.public_bytes(encoding, form)
        return found

    def by_our_rsa_key(self, typ: str) -> str:
        with self.client.script() as request:
            return sign_jwt(request, self.claims(), typ=typ)

    def foreign(self, algorithm: str, private: Any, **header: Any) -> str:
        headers = {"typ": "at+jwt", "kid": self.key.kid, **header}
        return jwt.encode(self.claims(), private, algorithm, headers=headers)

    def other_sid(self) -> str:
        found: str = jwt.decode(self.other.token, options={"verify_signature": False})["sid"]
        return found

    def of_ended_session(self) -> str:
        with self.client.script() as request:
            end_session(request, self.true_claims["sid"])
        return self.student.token

    def refresh_token(self) -> str:
        make_user(self.client, username="grace")
        found: str = self.client.post("/api/auth/login/", {"username": "grace", "password": PASSWORD}, 200).json[
            "refresh_token"
        ]
        return found

    def parts(self) -> list[str]:
        return self.student.token.split(".")


def changed(values: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in {**values, **changes}.items() if value is not GONE}


PEM, POINT = serialization.Encoding.PEM, serialization.Encoding.X962
SPKI, RAW = serialization.PublicFormat.SubjectPublicKeyInfo, serialization.PublicFormat.UncompressedPoint
THIEF = ec.generate_private_key(ec.SECP256R1())
THIEF_JWK = ES256.to_jwk(THIEF.public_key(), as_dict=True)

CORPUS: dict[str, Callable[[Forge], str]] = {
    # --- another algorithm
    **{
        f"alg {name!r}, unsigned": lambda f, name=name: f.token(f.header(alg=name), sign=lambda body: b"")
        for name in ("none", "None", "NONE", "nOnE", "", None)
    },
    **{
        f"alg {name!r}, signed": lambda f, name=name: f.with_header(alg=name)
        for name in ("none", "EdDSA", "Ed25519", "ES384", "es256", "HS256", "RS256", "", None, 5, ["ES256"], {}, GONE)
    },
    "confusion: HS256 with the public key as PEM": lambda f: f.by_hmac(f.public_bytes(PEM, SPKI)),
    "confusion: HS256 with the public key as PEM, stripped": lambda f: f.by_hmac(f.public_bytes(PEM, SPKI).strip()),
    "confusion: HS256 with the public key's bytes": lambda f: f.by_hmac(f.public_bytes(POINT, RAW)),
    "confusion: HS256 with the public key as JWK": lambda f: f.by_hmac(json.dumps(f.key.jwk()).encode()),
    "HS256 with the platform's own secret": lambda f: f.by_hmac(
        f.client.registry.settings["accounts.token_secret"].encode()
    ),
    "HS256 with the platform's own secret, no kid": lambda f: f.by_hmac(
        f.client.registry.settings["accounts.token_secret"].encode(), kid=GONE
    ),
    "HS256 with an empty secret": lambda f: f.by_hmac(b""),
    "RS256 with a key of the thief's": lambda f: f.foreign("RS256", rsa.generate_private_key(65537, 2048)),
    "ES384 with a key of the thief's": lambda f: f.foreign("ES384", ec.generate_private_key(ec.SECP384R1())),
    "EdDSA with a key of the thief's": lambda f: f.foreign("EdDSA", ed25519.Ed25519PrivateKey.generate()),
    "ES256 with a key of the thief's": lambda f: f.foreign("ES256", THIEF),
    "our key for id tokens": lambda f: f.by_our_rsa_key("at+jwt"),
    # --- another key id
    **{
        f"kid {name}": lambda f, kid=kid: f.with_header(kid=kid)
        for name, kid in {
            "missing": GONE,
            "null": None,
            "number": 5,
            "empty": "",
            "list": ["x"],
            "object": {"kid": 1},
            "path": "../../../../dev/null",
            "sql": "x' UNION SELECT 'kid', 'ES256', 'x' --",
            "shell": "|/bin/sh",
            "url": "https://evil.example/key",
            "foreign": "0123456789abcdef0123456789abcdef",
            "nul": "\0",
            "surrogate": "\ud800",
            "cyrillic": "ключ",
            "long": "k" * 2000,
        }.items()
    },
    "kid in capitals": lambda f: f.with_header(kid=f.key.kid.upper()),
    "kid with a space": lambda f: f.with_header(kid=f.key.kid + " "),
    "kid well named but never made": lambda f: f.with_header(kid=f.ring.seal.new_kid()),
    # --- keys and rules that the token brings along
    "jwk, signed by it": lambda f: f.foreign("ES256", THIEF, jwk=THIEF_JWK),
    "jwk, signed by it, kid its own": lambda f: f.foreign("ES256", THIEF, jwk={**THIEF_JWK, "kid": "t"}, kid="t"),
    **{
        f"header {name}": lambda f, name=name, value=value: f.with_header(**{name: value})
        for name, value in {
            "jwk": THIEF_JWK,
            "jku": "https://evil.example/jwks.json",
            "x5u": "https://evil.example/cert.pem",
            "x5c": ["MIIB"],
            "x5t": "thumb",
            "zip": "DEF",
            "cty": "JWT",
            "enc": "A256GCM",
            "unknown": CANARY,
        }.items()
    },
    "crit": lambda f: f.with_header(crit=["exotic"], exotic=1),
    "crit, empty": lambda f: f.with_header(crit=[]),
    "crit with exp": lambda f: f.with_header(crit=["exp"], exp=NOW + 100),
    "b64=false": lambda f: f.with_header(b64=False, crit=["b64"]),
    "b64=false without crit": lambda f: f.with_header(b64=False),
    # --- another type
    **{
        f"typ {typ!r}": lambda f, typ=typ: f.with_header(typ=typ)
        for typ in ("JWT", "AT+JWT", "at+jwt ", "application/at+jwt", "refresh", "reset+jwt", "verify+jwt", "", None)
    },
    "typ a list": lambda f: f.with_header(typ=["at+jwt"]),
    "typ missing": lambda f: f.with_header(typ=GONE),
    "id token": lambda f: f.by_our_rsa_key("JWT"),
    "logout token": lambda f: f.by_our_rsa_key("logout+jwt"),
    "refresh token": lambda f: f.refresh_token(),
    # --- claims
    **{
        f"{claim} {word}": lambda f, claim=claim, value=value: f.with_claims(**{claim: value})
        for claim in ("exp", "iat", "sub", "jti", "aud", "iss", "sid")
        for word, value in (("missing", GONE), ("null", None), ("a list", []), ("an object", {"a": 1}), ("true", True))
    },
    **{
        f"exp {name}": lambda f, exp=exp: f.with_claims(exp=exp)
        for name, exp in {
            "past": NOW - 1,
            "long past": 0,
            "negative": -1,
            "text": "soon",
            "text of digits": str(NOW + 900),
            "NaN": float("nan"),
            "infinite": float("inf"),
            "fraction": NOW + 900.5,
            "huge": 10**30,
            "beyond all calendars": 253_402_300_800,
        }.items()
    },
    "iat future": lambda f: f.with_claims(iat=NOW + 3600),
    "iat far future": lambda f: f.with_claims(iat=10**15),
    "iat text": lambda f: f.with_claims(iat=str(NOW)),
    "iat NaN": lambda f: f.with_claims(iat=float("nan")),
    "nbf future": lambda f: f.with_claims(nbf=NOW + 3600),
    "nbf text": lambda f: f.with_claims(nbf="now"),
    "nbf null": lambda f: f.with_claims(nbf=None),
    "aud other": lambda f: f.with_claims(aud="elsewhere"),
    "aud ours and another": lambda f: f.with_claims(aud=["courseplatform", "elsewhere"]),
    "aud a list of ours": lambda f: f.with_claims(aud=["courseplatform"]),
    "aud longer": lambda f: f.with_claims(aud="courseplatform2"),
    "iss other": lambda f: f.with_claims(iss="https://evil.example"),
    "iss a list with ours": lambda f: f.with_claims(iss=["courseplatform"]),
    "iss with a slash": lambda f: f.with_claims(iss="courseplatform/"),
    "sub no uuid": lambda f: f.with_claims(sub="admin"),
    "sub empty": lambda f: f.with_claims(sub=""),
    "sub number": lambda f: f.with_claims(sub=5),
    "sub in capitals": lambda f: f.with_claims(sub=f.student.id.upper()),
    "sub in braces": lambda f: f.with_claims(sub=f"{{{f.student.id}}}"),
    "sub nobody": lambda f: f.with_claims(sub=str(uuid4())),
    "sub of another user": lambda f: f.with_claims(sub=f.other.id),
    "sid no uuid": lambda f: f.with_claims(sid="x"),
    "sid number": lambda f: f.with_claims(sid=5),
    "sid unknown": lambda f: f.with_claims(sid=str(uuid4())),
    "sid of another user": lambda f: f.with_claims(sid=f.other_sid()),
    "sid ended": lambda f: f.of_ended_session(),
    "jti number": lambda f: f.with_claims(jti=5),
    # --- not even a token
    **{
        f"payload {payload!r}": lambda f, payload=payload: f.token(claims=payload)
        for payload in ([], "x", 5, {"a": {"b": []}}, b"", b"null", b"\xff\xfe", b"{", b"[" * 2500)
    },
    **{
        f"header {header!r}"[:40]: lambda f, header=header: f.token(header=header)
        for header in ([], "x", 5, {}, b"", b"null", b"\xff\xfe", b"{", b"[" * 2500, b'{"alg":' + b"9" * 4000)
    },
    "cut at the first dot": lambda f: f.parts()[0],
    "cut after the first dot": lambda f: f.parts()[0] + ".",
    "cut at the second dot": lambda f: ".".join(f.parts()[:2]),
    "cut after the second dot": lambda f: ".".join(f.parts()[:2]) + ".",
    "cut in the signature": lambda f: f.student.token[:-20],
    "empty header": lambda f: ".".join(["", *f.parts()[1:]]),
    "empty payload": lambda f: ".".join([f.parts()[0], "", f.parts()[2]]),
    "two dots": lambda f: "..",
    "empty": lambda f: "",
    "an extra dot": lambda f: f.student.token + ".",
    "a dot before": lambda f: "." + f.student.token,
    "four parts": lambda f: f.student.token + ".AAAA",
    "JWE": lambda f: ".".join([part({"alg": "dir", "enc": "A256GCM", "typ": "at+jwt"}), "", *["AAAA"] * 3]),
    "JSON serialisation": lambda f: json.dumps(
        dict(zip(("protected", "payload", "signature"), f.parts(), strict=True))
    ),
    "another's signature": lambda f: ".".join([*f.parts()[:2], f.other.token.split(".")[2]]),
    "another's payload": lambda f: ".".join([f.parts()[0], f.other.token.split(".")[1], f.parts()[2]]),
    "signature of zeros": lambda f: ".".join([*f.parts()[:2], b64(bytes(64))]),
    "padded": lambda f: f.student.token + "==",
    "standard base64": lambda f: ".".join([*f.parts()[:2], "+/" * 43]),
    "garbage": lambda f: "!!!.???.***",
    "letters": lambda f: "a.b.c",
    "latin-1": lambda f: "\xff.\xff.\xff",
    "percent": lambda f: "%00",
    "null": lambda f: "null",
    "one megabyte": lambda f: "a" * 1_000_000,
    "one megabyte of payload": lambda f: f.with_claims(padding="x" * 750_000),
    "one megabyte of header": lambda f: f.with_header(kid="x" * 750_000),
    "larger than any of ours": lambda f: f.with_claims(padding="x" * 4000),
    "a space after": lambda f: f.student.token + " ",
    "a newline after": lambda f: f.student.token + "\n",
    "a tab before": lambda f: "\t" + f.student.token,
    "a line within": lambda f: f.student.token.replace(".", ".\r\n", 1),
    "in quotes": lambda f: f'"{f.student.token}"',
    "the scheme twice": lambda f: f"Bearer {f.student.token}",
    "two headers": lambda f: f"{f.student.token}, Bearer {f.student.token}",  # as WSGI servers join them
    "two headers, one empty": lambda f: f"{f.student.token},",
}


@pytest.fixture(scope="module")
def workshop(wsgi_app: Any) -> Iterator[tuple[Forge, sa.Connection]]:
    """One for the whole corpus, and the connection on which each test is taken back."""
    with rolled_back(wsgi_app) as (client, connection):
        yield Forge(client, make_user(client), make_user(client, "teacher")), connection


@pytest.fixture
def forge(workshop: tuple[Forge, sa.Connection]) -> Iterator[Forge]:
    made, connection = workshop
    before = connection.begin_nested()
    yield made
    before.rollback()


def test_a_token_of_the_forge_is_taken_if_nothing_is_changed(forge: Forge) -> None:
    assert (
        forge.client.as_(forge.token()).get(ME).json["id"] == forge.student.id
    )  # else the refusals below show nothing
    forge.client.as_(forge.with_claims(nbf=NOW - 10, role="admin")).get(ME)
    forge.client.get(ME, headers={"Authorization": f"bearer  {forge.token()}"})


@pytest.mark.parametrize("name", CORPUS)
def test_a_bad_token_is_refused(forge: Forge, name: str) -> None:
    token = CORPUS[name](forge)
    for path in (ME, PUBLIC):
        answer = forge.client.get(path, status=401, headers={"Authorization": f"Bearer {token}"})
        assert answer.json["code"] == "invalid_token"
        assert 'error="invalid_token"' in answer.headers["WWW-Authenticate"]
        said = answer.text + str(answer.headers)
        assert CANARY not in said
        assert not any(len(piece) > 12 and piece in said for piece in token.split("."))


def test_no_refusal_is_remembered(forge: Forge) -> None:
    verified = forge.client.registry["accounts.tokens"].verified
    before = dict(verified.found)
    for name in ("exp past", "kid foreign", "ES256 with a key of the thief's", "aud other", "typ 'JWT'"):
        forge.client.get(ME, status=401, headers={"Authorization": f"Bearer {CORPUS[name](forge)}"})
    assert dict(verified.found) == before
