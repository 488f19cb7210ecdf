"""HTTP to other houses: nowhere we don't want to go, never longer and never more than we want."""

import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest
import requests
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from requests import ConnectionError as NotConnected

from courseplatform.outbound import (
    AddressGuard,
    AddressRefused,
    BoundedAdapter,
    TooLarge,
    Unresolvable,
    ip_networks,
    is_public,
)

LOOPBACK = ip_networks("127.0.0.0/8")
PUBLIC, OTHER_PUBLIC = "93.184.216.34", "2606:2800:220:1:248:1893:25c8:1946"


def guard(*answers: list[str], **kw: Any) -> AddressGuard:
    """One whose names resolve to these answers, one after the other, the last one for ever."""
    left = list(answers)
    kw.setdefault("resolve", lambda host, timeout_s: left.pop(0) if len(left) > 1 else left[0])
    return AddressGuard(**{"ports": None, "allow_http": True, **kw})


# --- addresses


@pytest.mark.parametrize("address", [PUBLIC, "1.1.1.1", OTHER_PUBLIC, "2001:4860:4860::8888", "64:ff9b::101:101"])
def test_the_public_internet_is_public(address: str) -> None:
    assert is_public(ip_address(address))


@pytest.mark.parametrize(
    "address",
    [
        *("0.0.0.0", "0.1.2.3", "10.0.0.1", "127.0.0.1", "127.255.255.254", "169.254.169.254", "172.16.0.1"),
        *("172.31.255.255", "192.168.1.1", "100.64.0.1", "100.100.100.200", "192.0.0.192", "192.0.2.1", "192.88.99.1"),
        *("198.18.0.1", "198.51.100.7", "203.0.113.7", "224.0.0.1", "239.255.255.250", "240.0.0.1", "255.255.255.255"),
        "168.63.129.16",
        *(
            "::",
            "::1",
            "::7f00:1",
            "fe80::1",
            "fc00::1",
            "fd00:ec2::254",
            "ff02::1",
            "fec0::1",
            "100::1",
            "2001:db8::1",
        ),
        *("3fff::1", "2002:7f00:1::", "2002:a00:1::", "2001::1", "2001:2::1", "5f00::1", "64:ff9b:1::1"),
        *("64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe", "64:ff9b::a00:1"),
    ],
)
def test_everything_else_is_not(address: str) -> None:
    assert not is_public(ip_address(address))


@pytest.mark.parametrize("address", ["::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:a9fe:a9fe", "fe80::1%eth0"])
def test_an_ipv4_address_in_ipv6_clothes_is_what_it_is(address: str) -> None:
    with pytest.raises(AddressRefused):
        guard([address]).addresses("evil.test", 1)
    assert guard(["::ffff:127.0.0.1"], networks=LOOPBACK).addresses("near.test", 1) == ["127.0.0.1"]


def test_of_mixed_answers_none_is_taken() -> None:
    assert guard([PUBLIC, OTHER_PUBLIC]).addresses("fine.test", 1) == [PUBLIC, OTHER_PUBLIC]
    for answer in ([PUBLIC, "127.0.0.1"], ["10.0.0.1", PUBLIC], [OTHER_PUBLIC, "::1"]):
        with pytest.raises(AddressRefused):
            guard(answer).addresses("mixed.test", 1)


def test_only_the_networks_that_are_named_are_allowed_beside() -> None:
    near = guard(["127.0.0.1"], networks=ip_networks("127.0.0.0/8, fd00::/8"))
    assert near.addresses("near.test", 1) == ["127.0.0.1"]
    with pytest.raises(AddressRefused):
        guard(["10.0.0.1"], networks=ip_networks("127.0.0.0/8")).addresses("near.test", 1)
    assert ip_networks("") == ()
    with pytest.raises(ValueError, match="host bits"):
        ip_networks("127.0.0.1/8")


def test_a_name_without_an_address_is_refused() -> None:
    with pytest.raises(Unresolvable):
        guard([]).addresses("nowhere.test", 1)
    with pytest.raises(Unresolvable):
        AddressGuard().addresses("nowhere.invalid", 3)


def test_a_resolver_that_takes_its_time_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    done = threading.Event()
    monkeypatch.setattr(socket, "getaddrinfo", lambda *args, **kw: done.wait(5) and [])
    started = time.monotonic()
    with pytest.raises(Unresolvable):
        AddressGuard().addresses("slow.test", 0.2)
    assert time.monotonic() - started < 1
    done.set()


# --- URLs


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://hooks.test", "https://hooks.test/"),
        ("https://Hooks.TEST./a/b?c=d", "https://hooks.test/a/b?c=d"),
        ("https://hooks.test:8443/x", "https://hooks.test:8443/x"),
        ("https://bücher.test/ü", "https://xn--bcher-kva.test/ü"),
        ("https://straße.test/", "https://xn--strae-oqa.test/"),
        ("https://1.1.1.1/", "https://1.1.1.1/"),
        ("https://１。1.1.1/", "https://1.1.1.1/"),
        ("https://[2606:2800:220:1:0248:1893:25c8:1946]/", f"https://[{OTHER_PUBLIC}]/"),
    ],
)
def test_a_url_is_kept_as_it_is_looked_up(url: str, expected: str) -> None:
    assert guard([PUBLIC]).normalized(url) == expected
    assert guard([PUBLIC]).normalized(expected) == expected


@pytest.mark.parametrize(
    "url",
    [
        *("https://2130706433/", "https://0x7f000001/", "https://0x7f.1/", "https://017700000001/", "https://127.1/"),
        *("https://0177.0.0.1/", "https://127.0.0.01/", "https://1.1.1.256/", "https://1.1.1.1.1/", "https://a.0x/"),
        *("https:///x", "https://", "https://-/", "https://a..b/", "https://a_b.test/", "https://.", "https://a%2eb/"),
        *("https://user@hooks.test/", "https://user:word@hooks.test/", "https://:@hooks.test/", "https://h.test/#f"),
        *("https://hooks.test\\@127.0.0.1/", "https://127.0.0.1\\.hooks.test/", "https://hooks.test:99999/"),
        *("https://[fe80::1%25eth0]/", "https://[::1/", "ftp://hooks.test/", "file:///etc/passwd", "gopher://h.test/"),
        "https://" + "a" * 64 + ".test/",
    ],
)
def test_a_url_that_is_no_plain_one_is_refused(url: str) -> None:
    with pytest.raises(AddressRefused):
        guard([PUBLIC]).normalized(url)


def test_http_and_other_ports_are_refused_unless_allowed() -> None:
    strict = AddressGuard()
    assert strict.normalized("https://hooks.test:443/") == "https://hooks.test:443/"
    for url in ("http://hooks.test/", "https://hooks.test:22/", "https://hooks.test:8443/", "https://hooks.test:0/"):
        with pytest.raises(AddressRefused):
            strict.normalized(url)
    assert AddressGuard(ports=frozenset({80}), allow_http=True).normalized("http://hooks.test/") == "http://hooks.test/"


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "localhost", "[::1]", "[::ffff:127.0.0.1]", "１２７.0.0.1", "127.0.0.1."]
)
def test_a_url_that_leads_home_is_refused_however_it_is_spelled(host: str) -> None:
    with pytest.raises(AddressRefused):
        AddressGuard(ports=None).checked(f"https://{host}/", 1)


# --- connecting


@contextmanager
def server(behave: Callable[[socket.socket], None]) -> Iterator[int]:
    """The port of a server that does to its first visitor what it is told."""
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        with suppress(OSError):
            connection, _ = listener.accept()
            with connection, suppress(OSError):
                behave(connection)

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield listener.getsockname()[1]
    finally:
        listener.close()
        thread.join(timeout=5)


def session(total_s: float = 2, max_bytes: int = 1_000, **kw: Any) -> requests.Session:
    made = requests.Session()
    made.trust_env = False
    adapter = BoundedAdapter(connect_s=min(total_s, 1), total_s=total_s, max_bytes=max_bytes, **kw)
    for scheme in ("http://", "https://"):
        made.mount(scheme, adapter)
    return made


def drip(connection: socket.socket, first: bytes = b"", byte: bytes = b" ") -> None:
    connection.sendall(first)
    for _ in range(60):
        connection.sendall(byte)
        time.sleep(0.05)


def hang(connection: socket.socket) -> None:
    while connection.recv(1_000):
        pass


OK = b"HTTP/1.1 200 OK\r\n"


@pytest.mark.parametrize(
    "behave",
    [
        hang,
        lambda connection: drip(connection, OK, b"x"),
        lambda connection: drip(connection, OK + b"Content-Length: 1000\r\n\r\n"),
        lambda connection: drip(connection, OK + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\n \r\n"),
    ],
    ids=["hangs", "drips headers", "drips a body", "drips chunks"],
)
def test_whoever_takes_too_long_is_left_in_time(behave: Callable[[socket.socket], None]) -> None:
    with server(behave) as port:
        started = time.monotonic()
        with session(total_s=0.4) as made, pytest.raises(requests.Timeout):
            made.get(f"http://127.0.0.1:{port}/")
        assert time.monotonic() - started < 1.5


def test_a_handshake_that_never_ends_is_left_in_time() -> None:
    # A TLS record that is announced and comes byte by byte: each is in time.
    with server(lambda connection: drip(connection, b"\x16\x03\x03\x40\x00", b"\x02")) as port:
        started = time.monotonic()
        with session(total_s=0.4) as made, pytest.raises(requests.Timeout):
            made.get(f"https://127.0.0.1:{port}/")
        assert time.monotonic() - started < 1.5


def test_an_answer_that_is_too_large_is_not_read() -> None:
    flood = OK + b"\r\n" + b"x" * 5_000_000
    with server(lambda connection: connection.sendall(flood)) as port, session() as made, pytest.raises(TooLarge):
        made.get(f"http://127.0.0.1:{port}/")


def test_no_body_is_read_where_the_status_is_enough() -> None:
    with server(lambda connection: drip(connection, OK + b"Content-Length: 1000\r\n\r\n")) as port:
        started = time.monotonic()
        with session(max_bytes=0) as made:
            answer = made.get(f"http://127.0.0.1:{port}/")
        assert (answer.status_code, answer.content) == (200, b"")
        assert time.monotonic() - started < 1


def test_who_closes_without_a_word_is_not_connected_to() -> None:
    with server(lambda connection: connection.close()) as port, session() as made, pytest.raises(NotConnected):
        made.get(f"http://127.0.0.1:{port}/")
    with session() as made, pytest.raises(NotConnected):
        made.get("http://127.0.0.1:9/")
    with session() as made, pytest.raises(NotConnected):
        made.get("http://nowhere.invalid/")


def greet(heard: list[bytes]) -> Callable[[socket.socket], None]:
    def behave(connection: socket.socket) -> None:
        heard.append(connection.recv(10_000))
        connection.sendall(OK + b"Content-Length: 2\r\n\r\nhi")

    return behave


def test_the_address_that_was_looked_at_is_connected_to_and_the_name_is_said() -> None:
    """No system resolver knows ``near.test``: had the name been resolved again, nothing would have been reached."""
    heard: list[bytes] = []
    with server(greet(heard)) as port, session(guard=guard(["127.0.0.1"], networks=LOOPBACK)) as made:
        assert made.get(f"http://near.test:{port}/x").text == "hi"
    assert f"\r\nHost: near.test:{port}\r\n".encode() in heard[0]


def test_a_name_that_leads_elsewhere_a_moment_later_is_refused_then() -> None:
    heard: list[bytes] = []
    rebinding = guard([PUBLIC], ["127.0.0.1"])
    with server(greet(heard)) as port, session(guard=rebinding) as made:
        url = rebinding.checked(f"http://rebind.test:{port}/", 1)
        with pytest.raises(AddressRefused):
            made.get(url)
        with socket.create_connection(("127.0.0.1", port)) as visitor:
            visitor.sendall(b"me")
            assert visitor.recv(10)
    assert heard == [b"me"]


def test_one_look_decides_also_where_the_next_would_say_otherwise() -> None:
    heard: list[bytes] = []
    flickering = guard(["127.0.0.1"], ["10.0.0.1"], networks=LOOPBACK)
    with server(greet(heard)) as port, session(guard=flickering) as made:
        assert made.get(f"http://flicker.test:{port}/").text == "hi"


def test_the_next_address_is_tried_and_each_has_its_share_of_the_time() -> None:
    heard: list[bytes] = []
    with server(greet(heard)) as port:
        several = guard(["127.0.0.2", "127.0.0.1"], networks=LOOPBACK)
        with session(guard=several) as made:
            assert made.get(f"http://several.test:{port}/").text == "hi"


# --- TLS


def certificate(folder: Path, name: str) -> tuple[Path, Path]:
    """A certificate that vouches for itself, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    certificate_path, key_path = folder / f"{name}.pem", folder / f"{name}.key"
    certificate_path.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    key_path.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return certificate_path, key_path


@pytest.mark.parametrize(("name", "is_fine"), [("near.test", True), ("other.test", False)])
def test_the_certificate_has_to_be_of_the_name_and_not_of_the_address(name: str, is_fine: bool, tmp_path: Path) -> None:
    certificate_path, key_path = certificate(tmp_path, name)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate_path, key_path)
    asked: list[Any] = []
    context.sni_callback = lambda sock, server_name, _: asked.append(server_name)
    heard: list[bytes] = []

    def behave(connection: socket.socket) -> None:
        with context.wrap_socket(connection, server_side=True) as secure:
            greet(heard)(secure)

    with server(behave) as port, session(guard=guard(["127.0.0.1"], networks=LOOPBACK)) as made:
        made.verify = str(certificate_path)
        url = f"https://near.test:{port}/"
        if is_fine:
            assert made.get(url).text == "hi"
        else:
            with pytest.raises(requests.exceptions.SSLError):
                made.get(url)
    assert asked == ["near.test"]
    assert bool(heard) is is_fine


def test_whoever_drips_behind_tls_is_left_in_time_too(tmp_path: Path) -> None:
    """By then the socket that was opened is another's inside."""
    certificate_path, key_path = certificate(tmp_path, "near.test")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate_path, key_path)

    def behave(connection: socket.socket) -> None:
        with context.wrap_socket(connection, server_side=True) as secure:
            drip(secure, OK, b"x")

    near = guard(["127.0.0.1"], networks=LOOPBACK)
    with server(behave) as port, session(total_s=0.5, guard=near) as made:
        made.verify = str(certificate_path)
        started = time.monotonic()
        with pytest.raises(requests.Timeout):
            made.get(f"https://near.test:{port}/")
        assert time.monotonic() - started < 1.5


def test_nothing_is_left_open(monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[socket.socket] = []
    real = socket.create_connection
    monkeypatch.setattr(socket, "create_connection", lambda *args: opened.append(real(*args)) or opened[-1])
    with server(hang) as port, session(total_s=0.3) as made, pytest.raises(requests.Timeout):
        made.get(f"http://127.0.0.1:{port}/")
    assert [sock.fileno() for sock in opened] == [-1]
    names = {thread.name for thread in threading.enumerate()}
    assert "courseplatform-deadline" not in names
