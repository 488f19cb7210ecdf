"""``deploy/nginx`` in the real nginx, in front of the platform as it runs in production."""

import hashlib
import json
import re
import ssl
import tempfile
import time
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
import requests

from courseplatform import migrations
from courseplatform.problems import PROBLEMS
from courseplatform.testing import Client, fresh_database, id_of, make_app
from plugins.accounts.models import SignInSession
from plugins.accounts.testing import Actor, make_user
from plugins.submissions.models import Submission
from tests.factories.assignments import make_assignment
from tests.factories.courses import make_course
from tests.factories.lessons import make_lesson
from tests.factories.submissions import make_submission
from tests.functional.gateway import METRICS_TOKEN, NGINX, Nginx, Production
from tests.functional.platform import free_port

pytestmark = pytest.mark.skipif(NGINX is None, reason="nginx is not installed")

CONTENT = bytes(range(256)) * 40
SHA256 = hashlib.sha256(CONTENT).hexdigest()


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="courseplatform-nginx-", ignore_cleanup_errors=True) as made:
        yield Path(made)


@pytest.fixture(scope="module")
def world(folder: Path, server_url: str) -> Iterator[Client]:
    """The database and the files of the platform, reached past HTTP."""
    with fresh_database(server_url) as url:
        app = make_app(url, folder / "var")
        migrations.migrate_all(url, app.registry["migrations"])
        made = Client(app)
        made.database_url = url  # type: ignore[attr-defined]
        yield made
        app.registry["db.engine"].dispose()


@pytest.fixture(scope="module")
def platform(folder: Path, world: Any) -> Iterator[Production]:
    made = Production(
        folder,
        world.database_url,
        COURSEPLATFORM_FILES_ACCEL_PREFIX="/_files/",
        COURSEPLATFORM_CORS_ORIGINS="https://app.test",
        COURSEPLATFORM_LIMITS_SIGN_IN_ADDRESS="2 per 5 minutes",
    )
    try:
        made.start()
        yield made
    finally:
        if made.process is not None:
            made.process.kill()  # it would wait for its jobs
            made.process.wait()


@pytest.fixture(scope="module")
def nginx(folder: Path, platform: Production) -> Iterator[Nginx]:
    made = Nginx(folder / "nginx", platform.port, platform.var_dir)
    try:
        made.start()
        yield made
    finally:
        made.stop()


@pytest.fixture(scope="module")
def impatient(folder: Path) -> Iterator[Nginx]:
    """An nginx whose platform is down, and which waits a second instead of ten."""
    hurry = {
        "client_header_timeout 10s": "client_header_timeout 1s",
        "client_body_timeout 10s": "client_body_timeout 1s",
    }
    made = Nginx(folder / "impatient", free_port(), folder / "var", **hurry)
    try:
        made.start()
        yield made
    finally:
        made.stop()


@pytest.fixture(scope="module")
def teacher(world: Client) -> Actor:
    return make_user(world, "teacher")


@pytest.fixture(scope="module")
def course(world: Client, teacher: Actor) -> str:
    return make_course(world, teacher, description="Numbers. " * 300)


@pytest.fixture(scope="module")
def file(world: Client, course: str) -> str:
    """The address of a file that a student has handed in."""
    assignment = make_assignment(world, make_lesson(world, course))
    submission = make_submission(world, assignment, make_user(world))
    with world.script() as request:
        stored = request.save_file(BytesIO(CONTENT), len(CONTENT))
        row = request.db.get(Submission, id_of(submission))
        row.file_key, row.file_sha256, row.file_size_bytes = stored.key, stored.sha256, stored.size_bytes
        row.file_name, row.file_content_type = "ответ.pdf", "application/pdf"
    return f"{submission}file/"


@pytest.fixture(scope="module")
def key(world: Client, file: str) -> str:
    with world.script() as request:
        return request.db.get(Submission, id_of(file.removesuffix("file/"))).file_key


def check_problem(answer: requests.Response, code: str) -> dict[str, Any]:
    """It looks as if the platform had said it."""
    told = PROBLEMS[code]
    assert answer.status_code == told.status
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.headers["Cache-Control"] == "no-store"
    body = answer.json()
    assert (body["code"], body["status"], body["instance"]) == (code, told.status, "")
    title = told.title or code.replace("_", " ").capitalize()
    assert (body["title"], body["detail"], body["remedy"]) == (title, told.cause, told.remedy)
    assert body["type"] == f"/api/problems/{code}/"
    return body


def status_of(answer: bytes) -> int:
    return int(answer.split(b" ", 2)[1])


# TLS and headers


def test_http_leads_to_https_with_method_and_query(nginx: Nginx) -> None:
    url = f"http://127.0.0.1:{nginx.http_port}/api/courses/?search=a%20b"
    answer = requests.post(url, headers={"Host": "courses.test"}, allow_redirects=False, timeout=5)
    assert (answer.status_code, answer.headers["Location"]) == (308, "https://courses.test/api/courses/?search=a%20b")


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1])
@pytest.mark.filterwarnings("ignore:ssl.TLSVersion:DeprecationWarning")
def test_old_tls_is_refused(nginx: Nginx, version: ssl.TLSVersion) -> None:
    with pytest.raises(ssl.SSLError, match="alert protocol version"):
        nginx.connect(set_ciphers="DEFAULT@SECLEVEL=0", minimum_version=version, maximum_version=version)


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_new_tls_speaks_http_2(nginx: Nginx, version: ssl.TLSVersion) -> None:
    options = {"minimum_version": version, "maximum_version": version, "set_alpn_protocols": ["h2", "http/1.1"]}
    with nginx.connect(**options) as connection:
        assert connection.selected_alpn_protocol() == "h2"


@pytest.mark.parametrize(
    "cipher", ["ECDHE-RSA-AES128-SHA256", "AES128-GCM-SHA256"], ids=["no AEAD", "no forward secrecy"]
)
def test_a_weak_cipher_is_refused(nginx: Nginx, cipher: str) -> None:
    with pytest.raises(ssl.SSLError, match="handshake failure"):
        nginx.connect(set_ciphers=cipher, maximum_version=ssl.TLSVersion.TLSv1_2)


POLICIES = ["default-src 'none'; base-uri 'none'; frame-ancestors 'none'", "sandbox; default-src 'none'"]


@pytest.mark.parametrize("path", ["/api/", "/api/courses/", "/nowhere", "/api/nowhere/", "/health/live", "file"])
def test_every_answer_has_each_header_once(nginx: Nginx, teacher: Actor, file: str, path: str) -> None:
    answer = nginx.caller(teacher.token).get(file if path == "file" else path)
    assert answer.headers["Strict-Transport-Security"] == "max-age=31536000; includeSubDomains"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert answer.headers["Content-Security-Policy"] in POLICIES
    assert re.fullmatch("[0-9a-f]{32}", answer.headers["X-Request-ID"])
    assert answer.headers["Server"] == "nginx"
    assert not {"Via", "X-Powered-By", "X-Accel-Redirect"} & set(answer.headers)


# What is refused


SMUGGLED = b"GET /api/?smuggled HTTP/1.1\r\nHost: x\r\n\r\n"
HEAD = b"POST /api/auth/login/ HTTP/1.1\r\nHost: courses.test\r\nContent-Type: application/json\r\n"
ATTACKS = {
    "length and chunks": HEAD + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + SMUGGLED,
    "chunks and length": HEAD + b"Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n" + SMUGGLED,
    "two encodings": HEAD + b"Transfer-Encoding: chunked\r\nTransfer-Encoding: x\r\n\r\n0\r\n\r\n" + SMUGGLED,
    "chunked twice": HEAD + b"Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n" + SMUGGLED,
    "an encoding that is not chunked": HEAD + b"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n" + SMUGGLED,
    "an encoding behind a tab": HEAD + b"Transfer-Encoding:\x0bchunked\r\n\r\n0\r\n\r\n" + SMUGGLED,
    "a name before a blank": HEAD + b"Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n" + SMUGGLED,
    "a folded line": HEAD + b"X-Fold: a\r\n Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + SMUGGLED,
    "a size of no number": HEAD + b"Transfer-Encoding: chunked\r\n\r\n0x2\r\n{}\r\n0\r\n\r\n" + SMUGGLED,
    "a chunk that is longer than its size": HEAD
    + b"Transfer-Encoding: chunked\r\n\r\n2\r\n{}{}\r\n0\r\n\r\n"
    + SMUGGLED,
    "a size that overflows": HEAD
    + b"Transfer-Encoding: chunked\r\n\r\n10000000000000002\r\n{}\r\n0\r\n\r\n"
    + SMUGGLED,
    "two lengths": HEAD + b"Content-Length: 2\r\nContent-Length: 60\r\n\r\n{}" + SMUGGLED,
    "a list of lengths": HEAD + b"Content-Length: 2, 2\r\n\r\n{}" + SMUGGLED,
    "a length with a sign": HEAD + b"Content-Length: +2\r\n\r\n{}" + SMUGGLED,
    "no host": b"GET /api/ HTTP/1.1\r\n\r\n" + SMUGGLED,
    "two hosts": b"GET /api/ HTTP/1.1\r\nHost: courses.test\r\nHost: x\r\n\r\n" + SMUGGLED,
    "a nul": b"GET /api/ HTTP/1.1\r\nHost: courses.test\r\nX-Nul: \0\r\n\r\n" + SMUGGLED,
}


@pytest.mark.parametrize("name", ATTACKS)
def test_a_request_that_two_servers_would_read_differently_reaches_only_one(nginx: Nginx, name: str) -> None:
    time.sleep(0.2)  # a request is logged some moments after it was answered: those of tests before
    before = len(nginx.lines())
    answer = nginx.send(ATTACKS[name])
    assert status_of(answer) in (400, 501)
    assert answer.count(b"HTTP/1.1 ") == 1  # and the connection is closed
    until = time.monotonic() + 5
    while not (lines := nginx.lines()[before:]):
        assert time.monotonic() < until, "nothing is logged"
    assert [line["nginx.upstream.address"] for line in lines] == [""]


def test_what_follows_a_body_is_a_request_of_its_own_to_nginx_too(nginx: Nginx) -> None:
    rest = b"GET /metrics HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
    answer = nginx.send(HEAD + b"Content-Length: 2\r\n\r\n{}" + rest)
    assert re.findall(rb"HTTP/1.1 (\d+)", answer) == [b"422", b"404"]


def test_a_body_that_comes_in_chunks_reaches_the_platform_with_its_length(nginx: Nginx) -> None:
    body = json.dumps({"username": "nobody", "password": "x" * 20}).encode()
    parts = (part for part in (body[:10], body[10:]))
    headers = {"Content-Type": "application/json"}
    assert nginx.caller(address="127.0.0.3").post("/api/auth/login/", data=parts, headers=headers).status_code == 401


@pytest.mark.parametrize(
    "headers", [b"Content-Length: 31457281\r\n\r\n", b"Transfer-Encoding: chunked\r\n\r\n1E00001\r\nx"]
)
def test_a_body_that_is_too_large_is_413(nginx: Nginx, headers: bytes) -> None:
    with nginx.connect() as connection:
        connection.sendall(HEAD + headers)
        head, _, body = connection.recv(65536).partition(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 413 ")
        assert json.loads(body or connection.recv(65536))["code"] == "payload_too_large"


def test_refusals_look_as_if_the_platform_had_said_them(nginx: Nginx) -> None:
    caller = nginx.caller()
    check_problem(caller.get("/nowhere"), "not_found")
    check_problem(caller.get("/api/?" + "x" * 9000), "bad_request")
    check_problem(caller.get("/api/", headers={"X-Long": "x" * 9000}), "bad_request")
    check_problem(caller.post("/api/auth/login/", headers={"Content-Length": "99999999"}), "payload_too_large")


def test_a_flood_is_429_and_nobody_else_feels_it(nginx: Nginx) -> None:
    flooder = nginx.caller(address="127.0.0.66")
    answers = [flooder.get("/health/live") for _ in range(700)]
    refused = [answer for answer in answers if answer.status_code != 200]
    assert 200 <= len(answers) - len(refused) < 690
    check_problem(refused[0], "too_many_requests")
    assert refused[0].headers["Retry-After"] == "1"
    assert nginx.caller(address="127.0.0.67").get("/health/live").status_code == 200


def test_behind_a_balancer_an_ipv6_network_counts_as_one_client(folder: Path) -> None:
    balanced = {
        "#set_real_ip_from 10.0.0.0/8;": "set_real_ip_from 127.0.0.1;",
        "#real_ip_header": "real_ip_header",
        "rate=100r/s": "rate=1r/m",
        "burst=200": "burst=1",
    }
    server = Nginx(folder / "balanced", free_port(), folder / "var", **balanced)
    try:
        server.start()
        clients = ("2001:db8:0:1::1", "2001:db8:0:1::2", "2001:db8:0:1:ffff::3", "2001:db8:0:2::1", "192.0.2.1")
        answers = [server.caller().get("/api/", headers={"X-Forwarded-For": client}) for client in clients]
        assert [answer.status_code for answer in answers] == [503, 503, 429, 503, 503]
        assert server.line(answers[3].headers["X-Request-ID"])["client.address"] == "2001:db8:0:2::1"
    finally:
        server.stop()


def test_a_platform_that_is_down_is_503(impatient: Nginx) -> None:
    answer = impatient.caller().get("/api/", headers={"X-Request-ID": "of-the-caller"})
    assert check_problem(answer, "unavailable")["request_id"] == "of-the-caller"
    assert answer.headers["Retry-After"] == "2"
    assert answer.headers["X-Request-ID"] == "of-the-caller"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize(
    "parts", [(b"GET /api/ HTTP/1.1\r\nHost: x\r\n",), (HEAD + b"Content-Length: 20\r\n\r\n{",)], ids=["head", "body"]
)
def test_who_sends_slowly_is_cut_off(impatient: Nginx, parts: tuple[bytes, ...]) -> None:
    before = time.monotonic()
    answer = impatient.send(*parts)
    assert 0.8 < time.monotonic() - before < 4
    assert answer == b"" or status_of(answer) == 408


@pytest.mark.parametrize(
    "path",
    [
        "/metrics",
        "/metrics/",
        "//metrics",
        "/%6detrics",
        "/api/../metrics",
        "/api/..%2fmetrics",
        "/api/%2e%2e/metrics",
        "/health/live/../../metrics",
        "/health/ready",
        "/health/live/../ready",
        "/health/",
        "/",
    ],
)
def test_what_is_for_the_house_is_not_found_outside(nginx: Nginx, path: str) -> None:
    head = f"Host: courses.test\r\nAuthorization: Bearer {METRICS_TOKEN}\r\nConnection: close\r\n\r\n"
    answer = nginx.send(f"GET {path} HTTP/1.1\r\n{head}".encode())
    assert status_of(answer) == 404
    assert b"not_found" in answer


def test_inside_the_house_it_is_there(platform: Production) -> None:
    headers = {"Authorization": f"Bearer {METRICS_TOKEN}"}
    assert requests.get(f"{platform.url}/metrics", headers=headers, timeout=5).status_code == 200


# What the platform is told, and what is logged


def test_limits_and_audit_count_the_address_of_the_client_whatever_it_says(nginx: Nginx, platform: Production) -> None:
    def sign_in(address: str, said: str) -> int:
        headers = {"X-Forwarded-For": said, "Forwarded": f"for={said}", "X-Real-IP": said, "X-Forwarded-By": said}
        body = {"username": "nobody", "password": "a long enough passphrase"}
        return nginx.caller(address=address).post("/api/auth/login/", json=body, headers=headers).status_code

    assert [sign_in("127.0.0.9", f"6.6.6.{number}") for number in range(3)] == [401, 401, 429]
    assert sign_in("127.0.0.10", "6.6.6.6") == 401
    log = platform.log.read_text()
    assert '"client.ip":"127.0.0.9"' in log
    assert '"client.ip":"127.0.0.10"' in log
    assert "6.6.6." not in log


@pytest.mark.parametrize(("sent", "is_kept"), [("of-the-caller.1", True), ("short", False), ('"quoted" text', False)])
def test_a_request_has_one_id_everywhere(nginx: Nginx, platform: Production, sent: str, is_kept: bool) -> None:
    address = {True: "127.0.0.20", False: f"127.0.0.{20 + len(sent)}"}[is_kept]
    body = {"username": "nobody", "password": "a long enough passphrase"}
    answer = nginx.caller(address=address).post("/api/auth/login/", json=body, headers={"X-Request-ID": sent})
    known = answer.headers["X-Request-ID"]
    assert (known == sent) is is_kept
    line = nginx.line(known)
    assert (line["client.address"], line["http.response.status_code"]) == (address, 401)
    assert (line["url.path"], line["nginx.upstream.status"]) == ("/api/auth/login/", "401")
    assert f'"http.request.id":"{known}"' in platform.log.read_text()


def test_no_log_has_a_query(nginx: Nginx, impatient: Nginx) -> None:
    canary = uuid4().hex
    for server in (nginx, impatient):
        for path in ("/api/auth/password-reset/", "/api/", "/nowhere", "/_files/x"):
            server.caller().get(f"{path}?token={canary}")
        answer = server.caller().get(f"/api/?token={canary}", headers={"Referer": f"https://x/?{canary}"})
        server.line(answer.headers["X-Request-ID"])
        assert canary not in server.access_log.read_text() + server.error_log.read_text()


def connections_to(port: int) -> set[str]:
    """The other ends of connections to a port of this machine, those that have just ended included."""
    lines = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    return {local for _, local, remote, *_ in lines if int(remote.split(":")[1], 16) == port}


def test_connections_to_the_platform_are_used_again(nginx: Nginx, platform: Production) -> None:
    nginx.caller().get("/api/")
    before = connections_to(platform.port)
    for _ in range(20):
        assert nginx.caller().get("/api/").status_code == 200  # each by a connection of its own
    assert connections_to(platform.port) <= before


# gzip


def test_json_and_the_pages_of_the_documentation_are_compressed(nginx: Nginx) -> None:
    caller = nginx.caller()
    page = caller.get("/api/docs/").text
    assets = [f"/api/docs/{address}" for address in re.findall(r'(?:src|href)="([^":]+)"', page)]
    assert len(assets) >= 3
    answers = [caller.get(path) for path in ("/api/openapi.json", *assets)]
    large = [answer for answer in answers if len(answer.content) >= 1024]
    assert len(large) >= 3
    for answer in large:
        assert answer.headers["Content-Encoding"] == "gzip", answer.url
        assert "Accept-Encoding" in answer.headers["Vary"]
    assert "Content-Encoding" not in caller.get("/api/openapi.json", headers={"Accept-Encoding": "identity"}).headers


def test_what_deals_in_secrets_is_not_compressed(nginx: Nginx, world: Client) -> None:
    student = make_user(world)
    with world.script() as request:
        dates = {"created_at": request.now, "expires_at": request.now.replace(year=8999)}
        request.db.add_all([SignInSession(user_id=student.user_id, **dates) for _ in range(10)])
    answer = nginx.caller(student.token).get("/api/auth/sessions/")
    assert answer.status_code == 200
    assert len(answer.content) > 1024
    assert "Content-Encoding" not in answer.headers


def test_the_etag_of_a_compressed_answer_still_guards_a_change(nginx: Nginx, teacher: Actor, course: str) -> None:
    caller = nginx.caller(teacher.token)
    read = caller.get(course)
    assert (read.headers["Content-Encoding"], read.headers["ETag"][:2]) == ("gzip", "W/")
    assert caller.get(course, headers={"If-None-Match": read.headers["ETag"]}).status_code == 304
    guard = {"If-Match": read.headers["ETag"]}
    assert caller.patch(course, json={"title": "First"}, headers=guard).status_code == 200
    assert caller.patch(course, json={"title": "Second"}, headers=guard).status_code == 412


# Files that nginx sends


def test_the_platform_leaves_the_file_to_nginx(platform: Production, teacher: Actor, file: str, key: str) -> None:
    headers = {"Authorization": f"Bearer {teacher.token}"}
    answer = requests.get(platform.url + file, headers=headers, timeout=5)
    assert (answer.headers["X-Accel-Redirect"], answer.content) == (f"/_files/{key[-2:]}/{key}", b"")


def test_nginx_sends_it_with_the_platforms_headers(nginx: Nginx, teacher: Actor, file: str) -> None:
    caller = nginx.caller(teacher.token)
    caller.headers["Origin"] = "https://app.test"
    by_nginx, by_platform = caller.get(file), caller.get(file, headers={"If-Match": "*"})
    assert by_nginx.content == by_platform.content == CONTENT
    assert by_nginx.headers["ETag"] == f'"{SHA256}"'
    assert by_nginx.headers["Content-Security-Policy"] == "sandbox; default-src 'none'"
    assert by_nginx.headers["Access-Control-Allow-Origin"] == "https://app.test"
    told = [{name.lower(): value for name, value in one.headers.items()} for one in (by_nginx, by_platform)]
    assert {name for name in told[0] if told[0][name] != told[1].get(name)} <= {
        "date", "x-request-id", "ratelimit-remaining", "ratelimit-reset"
    }  # fmt: skip
    assert told[0].keys() == told[1].keys()


@pytest.mark.parametrize(
    ("asked", "status"),
    [
        ({"Range": "bytes=0-0"}, 206),
        ({"Range": "bytes=100-199"}, 206),
        ({"Range": "bytes=10000-"}, 206),
        ({"Range": "bytes=-10"}, 206),
        ({"Range": "bytes=-99999"}, 206),
        ({"Range": "bytes=0-99999"}, 206),
        ({"Range": "bytes=10240-"}, 416),
        ({"Range": "bytes=-0"}, 416),
        ({"Range": "bytes=5-2"}, 200),
        ({"Range": "bytes=0-1,4-5"}, 200),
        ({"Range": "lines=1-2"}, 200),
        ({"Range": "bytes=7-9", "If-Range": f'"{SHA256}"'}, 206),
        ({"Range": "bytes=7-9", "If-Range": '"another"'}, 200),
        ({"Range": "bytes=7-9", "If-Range": "Thu, 26 Nov 2026 00:00:00 GMT"}, 200),
        ({"Range": "bytes=7-9", "If-Modified-Since": "Fri, 01 Jan 2100 00:00:00 GMT"}, 206),
        ({"If-Unmodified-Since": "Sat, 01 Jan 2000 00:00:00 GMT"}, 200),
        ({"If-None-Match": f'"{SHA256}"'}, 304),
        ({"If-None-Match": f'W/"{SHA256}"'}, 304),
        ({"If-None-Match": '"another"'}, 200),
        ({"If-Match": f'"{SHA256}"'}, 200),
        ({"If-Match": '"another"'}, 412),
    ],
    ids=str,
)
def test_a_part_is_the_same_whoever_sends_it(
    nginx: Nginx, platform: Production, teacher: Actor, file: str, asked: dict[str, str], status: int
) -> None:
    """Compared with the platform's own answer, which ``If-Match: *`` has it give."""
    caller = nginx.caller(teacher.token)
    answer, own = caller.get(file, headers=asked), caller.get(file, headers={"If-Match": "*", **asked})
    told = ("Content-Type", "Content-Range", "Content-Length", "ETag", "Accept-Ranges")
    assert [answer.headers.get(name) for name in told] == [own.headers.get(name) for name in told]
    assert (answer.status_code, own.status_code) == (status, status)
    assert answer.content == own.content


def test_a_part_comes_from_nginx(nginx: Nginx, platform: Production, teacher: Actor, file: str) -> None:
    asked = {"Range": "bytes=100-199", "Authorization": f"Bearer {teacher.token}"}
    told = requests.get(platform.url + file, headers=asked, timeout=5)
    assert (told.status_code, told.content) == (200, b"")
    answer = nginx.caller().get(file, headers=asked)
    assert (answer.status_code, answer.content) == (206, CONTENT[100:200])
    assert answer.headers["Content-Range"] == f"bytes 100-199/{len(CONTENT)}"


def test_the_head_of_a_file_is_that_of_the_whole(nginx: Nginx, teacher: Actor, file: str) -> None:
    answer = nginx.caller(teacher.token).head(file)
    assert (answer.status_code, answer.content) == (200, b"")
    assert (answer.headers["Content-Length"], answer.headers["ETag"]) == (str(len(CONTENT)), f'"{SHA256}"')


def test_who_may_not_see_a_file_does_not_get_it(nginx: Nginx, world: Client, file: str) -> None:
    assert nginx.caller().get(file).status_code in (401, 404)
    assert nginx.caller(make_user(world).token).get(file).status_code in (403, 404)


@pytest.mark.parametrize("form", ["/_files/{0}/{1}", "//_files/{0}/{1}", "/api/../_files/{0}/{1}", "/%5ffiles/{0}/{1}"])
def test_nobody_asks_for_a_file_past_the_platform(nginx: Nginx, key: str, form: str) -> None:
    for extra in ("", "X-Accel-Redirect: /_files/\r\n"):
        head = f"GET {form.format(key[-2:], key)} HTTP/1.1\r\nHost: x\r\n{extra}Connection: close\r\n\r\n"
        answer = nginx.send(head.encode())
        assert status_of(answer) == 404
        assert CONTENT[:50] not in answer


def test_a_file_that_is_gone_is_404(nginx: Nginx, world: Client, teacher: Actor, file: str, key: str) -> None:
    path = world.registry["files"].path(key)
    path.rename(path.with_name("away"))
    try:
        answer = nginx.caller(teacher.token).get(file)
    finally:
        path.with_name("away").rename(path)
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
