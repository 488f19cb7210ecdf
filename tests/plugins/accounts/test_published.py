"""Reading published keys far from the platform: files and addresses that may be anybody's."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest

from plugins.accounts.api import Unreadable, Unverifiable, fetch, keys_address, multibase, plain, read, read_keys
from plugins.accounts.did import ED25519_PREFIX

PUBLIC = bytes(range(32))
MULTIKEY = multibase.to_base58(ED25519_PREFIX + PUBLIC)
JWK = {"kty": "OKP", "crv": "Ed25519", "alg": "EdDSA", "kid": "a", "x": "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8"}


def did_document(**changes: Any) -> dict[str, Any]:
    method = {"id": "did:web:x#a", "type": "Multikey", "controller": "did:web:x", "publicKeyMultibase": MULTIKEY}
    document = {"id": "did:web:x", "verificationMethod": [method], "assertionMethod": ["did:web:x#a"]}
    return {**document, **changes}


def keys_of(document: Any) -> Any:
    return read_keys(json.dumps(document).encode())


def test_both_published_forms_give_the_same_key() -> None:
    for keys in (keys_of(did_document()), keys_of({"keys": [JWK]})):
        assert keys.key("a").public_bytes_raw() == PUBLIC
        with pytest.raises(Unverifiable):
            keys.key("b")
        with pytest.raises(Unverifiable):
            keys.key(None)


def test_keys_of_another_issuer_are_none() -> None:
    keys = keys_of(did_document())
    assert keys.key("a", did="did:web:x")
    with pytest.raises(Unverifiable, match="another issuer"):
        keys.key("a", did="did:web:y")


def test_only_lasting_keys_count() -> None:
    others = [{"kty": "EC", "kid": "a"}, {**JWK, "alg": "ES256"}, {**JWK, "crv": "X25519"}, {"kty": "RSA"}, {}]
    assert keys_of({"keys": others}).by_kid == {}
    assert keys_of(did_document(assertionMethod=[])).by_kid == {}


@pytest.mark.parametrize(
    "document",
    [
        [],
        {},
        {"keys": 1},
        {"keys": [1]},
        {"keys": [{**JWK, "x": "AA"}]},
        {"keys": [{**JWK, "d": JWK["x"]}]},
        did_document(verificationMethod=[{"id": "did:web:x#a"}]),
        did_document(verificationMethod=[{**did_document()["verificationMethod"][0], "type": "JsonWebKey"}]),
        did_document(verificationMethod=[{**did_document()["verificationMethod"][0], "publicKeyMultibase": "z0"}]),
    ],
)
def test_a_file_that_holds_no_keys_is_refused(document: Any) -> None:
    with pytest.raises(Unverifiable):
        keys_of(document)


@pytest.mark.parametrize("content", [b"", b"\xff", b"{", b'{"keys": [], "keys": []}', b"[" * 100_000])
def test_what_is_no_json_is_refused(content: bytes) -> None:
    with pytest.raises(Unverifiable):
        read_keys(content)


@pytest.mark.parametrize(
    ("did", "address"),
    [
        ("did:web:courses.example.org", "https://courses.example.org/.well-known/did.json"),
        ("did:web:courses.example.org%3A8443", "https://courses.example.org:8443/.well-known/did.json"),
        ("did:web:example.org:courses:a", "https://example.org/courses/a/did.json"),
    ],
)
def test_a_did_tells_where_its_keys_are(did: str, address: str) -> None:
    assert keys_address(did) == address


@pytest.mark.parametrize(
    "did", ["", "did:web:", "did:key:z6Mk", "https://example.org", "did:web:a%2Fb", "did:web:a:%2F"]
)
def test_what_has_no_address_is_not_asked(did: str) -> None:
    with pytest.raises(Unverifiable):
        keys_address(did)


@pytest.mark.parametrize(("data", "text"), [(b"\0\0a", "z112g"), (b"Hello World!", "z2NEpo7TZRRrLZSi2U"), (b"", "z")])
def test_base58(data: bytes, text: str) -> None:
    assert multibase.to_base58(data) == text
    assert multibase.from_base58(text, len(data)) == data


@pytest.mark.parametrize("text", ["", "z", "zZZZZ", "u112g", "z0O", "z" + "1" * 100, "z112g "])
def test_what_is_not_base58_of_this_size_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"not|substring"):
        multibase.from_base58(text, 4)


# --- asking


class Answers(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        if self.path == "/redirect":
            self.send_response(302)
            self.send_header("Location", "/keys")
            self.end_headers()
            return
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"{}" if self.path == "/keys" else b"x" * (2 * 1024 * 1024))

    def log_message(self, *args: Any) -> None:
        pass


@pytest.fixture
def house() -> Iterator[str]:
    server = HTTPServer(("127.0.0.1", 0), Answers)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def test_an_address_is_asked(house: str) -> None:
    assert read(f"{house}/keys") == b"{}"


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_no_redirect_is_followed_and_no_endless_answer_read(house: str) -> None:
    for path in ("redirect", "endless"):
        with pytest.raises(Unreadable):
            fetch(f"{house}/{path}")


@pytest.mark.parametrize(
    "address",
    ["http://example.org/keys", "file:///etc/passwd", "/etc/passwd", "ftp://localhost/x", "https://", "http://["],
)
def test_only_https_is_asked(address: str) -> None:
    with pytest.raises(Unreadable):
        fetch(address)


def test_a_file_that_is_not_there_cannot_be_read() -> None:
    for name in ("/nowhere", "a\0b"):
        with pytest.raises(Unreadable):
            read(name)


def test_what_would_steer_a_terminal_is_not_shown() -> None:
    assert plain("a\x1b[2Jb\nc\u202e") == "a\ufffd[2Jb\ufffdc\ufffd"
