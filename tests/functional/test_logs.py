"""What the processes of a production platform write: ECS, one JSON object a line, whatever is sent to them."""

import json
import socket
from collections.abc import Iterator
from typing import Any

import pytest
import requests

from tests.core.elk import faults
from tests.functional.gateway import METRICS_TOKEN
from tests.functional.platform import Caller
from tests.functional.watched import Watched, watched
from tests.redis_server import BINARY

pytestmark = pytest.mark.skipif(BINARY is None, reason="there is no redis-server")

PASSWORD = "a long enough passphrase"
#: What would end a line, forge one, paint on a terminal, turn the text around, or is no UTF-8.
EVIL = (
    'x"}\n{"event.action": "forged"}',
    "a\r\n\x1b[2J\x1b]0;title\x07\x7f",
    "\u2028forged\u2029\u0085\u202e",
    "%s %(message)s {0}",
    "x" * 60_000,
)


@pytest.fixture(scope="module")
def platform(server_url: str) -> Iterator[Watched]:
    secret = "thrown-by-a-job-4TqW8"
    with watched(server_url, CLUMSY_SECRET=secret, COURSEPLATFORM_LIMITS_SIGN_IN_ADDRESS="1000 per 5 minutes") as made:
        yield made


@pytest.fixture(scope="module")
def nina(platform: Watched) -> Caller:
    person = {"username": "nina", "email": "nina@example.com", "password": PASSWORD}
    Caller(platform)("POST", "/api/auth/register/", 201, person)
    return Caller(platform).sign_in("nina", PASSWORD)


def access(platform: Watched, request_id: str) -> dict[str, Any]:
    return platform.wait_for(http_request_id=request_id, event_dataset="courseplatform.access")


def test_a_request_leaves_one_line_that_says_whose_it_was_and_how_it_went(platform: Watched, nina: Caller) -> None:
    user_id = nina("GET", "/api/users/me/", 200, headers={"X-Request-ID": "nina-asks-1"})["id"]
    line = access(platform, "nina-asks-1")
    assert len(platform.lines(http_request_id="nina-asks-1")) == 1
    told = {
        "log.level": "info", "log.logger": "courseplatform.access", "ecs.version": "8.11.0", "event.outcome": "success",
        "service.name": "courseplatform", "service.node.name": socket.gethostname(), "service.node.role": "serve",
        "user.id": user_id, "client.ip": "127.0.0.1", "http.request.method": "GET", "url.path": "/api/users/me/",
        "http.response.status_code": 200, "courseplatform.route": "/api/users/me/",
        "courseplatform.plugin": "plugins.accounts",
    }  # fmt: skip
    assert told.items() <= line.items()
    assert 0 < line["event.duration"] < 60e9 and line["courseplatform.sql.statements"] >= 1


def test_queries_are_in_no_line(platform: Watched) -> None:
    requests.get(
        f"{platform.url}/api/?token=asked-with-a-token-Qv7", headers={"X-Request-ID": "asks-query"}, timeout=10
    )
    assert access(platform, "asks-query")["url.path"] == "/api/"
    assert "Qv7" not in platform.log.read_text()


@pytest.mark.parametrize(
    ("head", "status"),
    [
        (b"GET /%ff/ HTTP/1.0", 400),
        (b"GET /api/?x=%00 HTTP/1.0", 400),
        (b"GET /nowhere/ HTTP/1.0", 404),
        (b"BREW /api/ HTTP/1.0", 405),
    ],
)
def test_what_is_refused_at_the_door_is_in_the_access_log_too(platform: Watched, head: bytes, status: int) -> None:
    name = f"refused-{status}-{len(head)}"
    send(platform, head + f"\r\nX-Request-ID: {name}".encode())
    line = access(platform, name)
    assert (line["http.response.status_code"], line["event.outcome"]) == (status, "failure")
    assert line["courseplatform.route"] == "unmatched" or status == 405


def test_what_asks_every_few_seconds_leaves_no_line_while_all_is_well(platform: Watched) -> None:
    scraper = {"Authorization": f"Bearer {METRICS_TOKEN}"}
    for path in ("/health/live", "/health/ready", "/metrics"):
        headers = {"X-Request-ID": "every-few-seconds", **scraper}
        assert requests.get(platform.url + path, headers=headers, timeout=10).ok
    requests.get(platform.url + "/metrics", headers={"X-Request-ID": "every-few-seconds"}, timeout=10)
    access(platform, "every-few-seconds")
    (refused,) = platform.lines(http_request_id="every-few-seconds")
    assert refused["http.response.status_code"] == 401


def test_an_error_says_where_it_happened_and_in_which_request_and_not_what_it_held(platform: Watched) -> None:
    headers = {"X-Request-ID": "nina-crashes", "Authorization": "Basic bmluYTpzZWNyZXQ="}
    answer = requests.post(
        f"{platform.url}/api/clumsy/crash/?q=asked-Zk3", data=b"sent-Zk3", headers=headers, timeout=10
    )
    assert answer.json()["request_id"] == "nina-crashes"
    line = platform.wait_for(http_request_id="nina-crashes", error_type="RuntimeError")
    assert (line["log.level"], line["url.path"]) == ("error", "/api/clumsy/crash/")
    trace = line["error.stack_trace"]
    assert "builtins.RuntimeError, at" in trace and "builtins.KeyError, at" in trace and "clumsy.py" in trace
    assert access(platform, "nina-crashes")["log.level"] == "error"
    assert not any(word in platform.log.read_text() for word in ("Zk3", "bmluYTpzZWNyZXQ="))


def test_the_audit_is_ecs_too(platform: Watched, nina: Caller) -> None:
    headers = {"X-Request-ID": "nina-fails"}
    wrong = {"current_password": "wrong", "new_password": "another long passphrase"}
    nina("POST", "/api/auth/password-change/", 403, wrong, headers=headers)
    line = platform.wait_for(http_request_id="nina-fails", event_dataset="courseplatform.audit")
    assert (line["event.action"], line["event.outcome"]) == ("password.refused", "failure")
    assert line["user.id"] == line["user.target.id"] == nina("GET", "/api/users/me/", 200)["id"]
    assert line["client.ip"] == "127.0.0.1"


def test_a_jobs_lines_bear_its_name_and_its_id(platform: Watched) -> None:
    requests.post(f"{platform.url}/api/clumsy/ask_for_failure/", timeout=10)
    name = "tests.functional.clumsy.fail_with_secret"
    failed = platform.wait_for(courseplatform_job_name=name)
    assert (failed["service.node.role"], failed["event.dataset"]) == ("worker", "courseplatform.job")
    assert (failed["error.type"], failed["event.outcome"]) == ("RuntimeError", "failure")
    assert len(failed["courseplatform.job.id"]) == 36 and failed["courseplatform.job.attempt"] == 1
    assert failed["event.duration"] > 0
    done = platform.wait_for(event_dataset="courseplatform.job", event_outcome="success")
    assert done["courseplatform.job.name"].startswith(("plugins.", "courseplatform."))
    assert "4TqW8" not in platform.log.read_text()


def test_migrations_scheduler_and_what_rq_says_are_in_the_same_form(platform: Watched) -> None:
    platform.wait_for(log_logger="courseplatform.scheduler", service_node_role="scheduler")
    platform.wait_for(service_node_role="migrate", log_logger="alembic.runtime.migration")
    platform.wait_for(log_logger="rq.worker")


@pytest.mark.parametrize("evil", EVIL, ids=["ends a line", "paints", "turns", "formats", "long"])
def test_nothing_that_is_sent_ends_a_line_or_makes_it_too_long(platform: Watched, nina: Caller, evil: str) -> None:
    name = f"evil-text-{EVIL.index(evil)}"
    raw = evil.replace("\r", "").replace("\n", "")[:7_000].encode()
    path = b"/api/" + b"".join(b"%%%02x" % byte for byte in evil[:2_000].encode()) + b"/"
    request = b"GET " + path + b" HTTP/1.0\r\nX-Request-ID: " + name.encode()
    for header in (b"User-Agent", b"X-Forwarded-For", b"Forwarded", b"Host"):
        send(platform, request + b"\r\n" + header + b": " + raw)  # waitress lets some of them through
    agent = bytes(byte for byte in raw if byte >= 32 and byte != 127)
    send(platform, request + b"\r\nUser-Agent: " + agent)
    line = access(platform, name)
    assert line["url.path"].isprintable() and line["user_agent.original"].isprintable()
    people = [
        {"username": evil, "password": evil, "email": evil},
        {"username": "eve", "password": evil, "email": f"{evil}@x.test"},
    ]
    for person in people:
        for address in ("login", "register"):
            requests.post(f"{platform.url}/api/auth/{address}/", json=person, timeout=10)
    files = {"file": (evil, b"content", "text/plain")}
    nina.session.post(f"{platform.url}/api/clumsy/crash/", files=files, timeout=10)
    every_line_is_well_made(platform)


def test_a_lone_surrogate_in_a_body_is_a_line_all_the_same(platform: Watched) -> None:
    raw = b'{"username": "\\ud800", "password": "\\udfff\\u0000"}'
    json_type = {"Content-Type": "application/json", "X-Request-ID": "lone-surrogate"}
    requests.post(f"{platform.url}/api/auth/login/", data=raw, headers=json_type, timeout=10)
    access(platform, "lone-surrogate")
    every_line_is_well_made(platform)


def test_what_a_proxy_says_of_an_address_is_searched_as_a_network_only_if_it_is_one(platform: Watched) -> None:
    for sent, told in (
        ("203.0.113.9", ("203.0.113.9", None)),
        ("2001:DB8::1", ("2001:db8::1", None)),
        ("unknown", (None, "unknown")),
    ):
        name = f"from-{sent.replace(':', '-')}"
        requests.get(f"{platform.url}/api/", headers={"X-Forwarded-For": sent, "X-Request-ID": name}, timeout=10)
        line = access(platform, name)
        assert (line.get("client.ip"), line.get("client.address")) == told


def test_what_ends_a_process_is_a_line_too(platform: Watched) -> None:
    ini = platform.ini.with_name("faulty.ini")
    ini.write_text(platform.ini.read_text().replace("[server:main]", "oauth.nothing = 1\n[server:main]"))
    assert platform.begin("pserve", "-q", ini).wait(60) == 1
    line = platform.wait_for(log_level="critical")
    assert "oauth.nothing: no such setting" in line["message"]
    every_line_is_well_made(platform)


def send(platform: Watched, head: bytes) -> bytes:
    with socket.create_connection(("127.0.0.1", platform.port), timeout=10) as connection:
        connection.sendall(head + b"\r\n\r\n")
        return connection.recv(65536)


def every_line_is_well_made(platform: Watched) -> None:
    assert platform.plain_lines() == []
    for text in filter(lambda text: text.startswith(b"{"), platform.log.read_bytes().splitlines()):
        assert len(text) <= 16_000 and text.isascii()
        line = json.loads(text)
        assert {"@timestamp", "log.level", "message", "ecs.version", "service.name", "event.dataset"} <= line.keys()
        assert "forged" not in line.get("event.action", "")
        for name, value in line.items():
            for part in str(value).split("\n") if name == "error.stack_trace" else [str(value)]:
                assert not any(ord(char) < 32 for char in part), name


def test_elasticsearch_knows_every_field_that_was_written_so_far(platform: Watched) -> None:
    """It is the last: everything above has written its lines."""
    lines = platform.lines()
    assert {"courseplatform.access", "courseplatform.audit", "courseplatform.job", "courseplatform.log"} == {
        line["event.dataset"] for line in lines
    }
    assert faults(lines) == set()
