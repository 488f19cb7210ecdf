"""``courseplatform serve``: processes on one socket that are kept alive, replaced, and end without losing a request."""

import json
import os
import signal
import socket
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from pathlib import Path
from uuid import uuid4

import pytest
import requests
from pyramid.exceptions import ConfigurationError

from courseplatform import migrations
from courseplatform.server.options import OVERRIDDEN, options_of
from courseplatform.server.sockets import address_of, listening
from courseplatform.server.supervisor import child_command
from courseplatform.testing import fresh_database
from tests.functional.platform import ROOT, Platform, free_port
from tests.functional.serving import Serving, ask, is_running, kept_connection, wait_until

CALM = {
    "COURSEPLATFORM_LIMITS_SIGN_IN": "100000/minute",
    "COURSEPLATFORM_LIMITS_SIGN_IN_ADDRESS": "100000/minute",
    "COURSEPLATFORM_SERVER_THREADS": "2",
}


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="courseplatform-serving-", ignore_cleanup_errors=True) as made:
        yield Path(made)


@pytest.fixture(scope="module")
def url(server_url: str) -> Iterator[str]:
    with fresh_database(server_url) as made:
        migrations.migrate(made)
        yield made


@pytest.fixture(scope="module")
def serving(folder: Path, url: str) -> Iterator[Serving]:
    """The tests have it one after the other; the last two end it."""
    made = Serving(folder / "app", url, COURSEPLATFORM_SERVER_DRAIN_DELAY_S="3", **CALM)
    try:
        made.start()
        yield made
    finally:
        made.kill()


def of_process(process_id: int, name: str) -> str:
    """A variable in the environment of a process."""
    lines = Path(f"/proc/{process_id}/environ").read_bytes().split(b"\0")
    return dict(line.decode().partition("=")[::2] for line in lines)[name]


def test_all_of_its_processes_count_into_one_folder(serving: Serving) -> None:
    (where,) = {of_process(child, "PROMETHEUS_MULTIPROC_DIR") for child in serving.children}
    assert Path(where).is_dir()


def test_all_of_its_processes_say_in_their_lines_that_they_serve(serving: Serving) -> None:
    assert requests.get(serving.url + "/api/", timeout=10).status_code == 200
    wait_until(lambda: serving.says("GET /api/ 200"))
    lines = [json.loads(line) for line in serving.log.read_text().splitlines() if line.startswith("{")]
    assert {line["process.pid"] for line in lines} > set(serving.children[:1])
    assert {line["service.node.role"] for line in lines} == {"serve"}


def names_of(process_id: int) -> Iterator[str]:
    """Of what a process has open."""
    for file in Path(f"/proc/{process_id}/fd").iterdir():
        with suppress(FileNotFoundError):  # it has just been closed
            yield str(file.readlink())


def test_each_process_has_its_share_of_many_connections_at_once(serving: Serving) -> None:
    def connections() -> list[int]:
        """Of each process, its clients': a database's may come and go meanwhile."""
        lines = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
        ours = {f"socket:[{line[9]}]" for line in lines if line[1].endswith(f":{serving.port:04X}") and line[3] == "01"}
        return [sum(name in ours for name in names_of(child)) for child in sorted(serving.children)]

    with ExitStack() as stack:
        for _ in range(16):
            stack.enter_context(socket.create_connection(("127.0.0.1", serving.port)))
        wait_until(lambda: sum(connections()) >= 16, timeout_s=10)
        shares = connections()
    assert min(shares) >= 3, shares


def test_a_process_that_is_killed_is_replaced_while_the_others_serve(serving: Serving) -> None:
    killed, *others = serving.children
    os.kill(killed, signal.SIGKILL)
    assert requests.get(serving.url + "/api/", timeout=10).status_code == 200
    wait_until(lambda: len(serving.children) == 2 and killed not in serving.children)
    assert set(others) < set(serving.children)
    wait_until(lambda: all(serving.says(f"process {child} is ready") for child in serving.children))
    assert serving.says(f"process {killed} was killed by SIGKILL; another follows in 0.5 s")


def test_a_release_that_does_not_start_leaves_the_one_before_in_service(serving: Serving) -> None:
    before, text = serving.children, serving.ini.read_text()
    serving.ini.write_text(text.replace("plugins.webhooks", "plugins.webhoks"))
    os.kill(serving.id, signal.SIGHUP)
    wait_until(lambda: serving.says("do not come up, those before go on: process "))
    serving.ini.write_text(text)
    assert serving.says("There is no plugin plugins.webhoks")
    assert serving.children == before
    assert requests.get(serving.url + "/health/ready", timeout=10).status_code == 200


def test_what_is_in_flight_and_queued_at_sigterm_is_answered_and_ready_is_off_first(serving: Serving) -> None:
    def sign_in(number: int) -> int:
        body = {"username": f"nobody{number}", "password": uuid4().hex}
        return requests.post(serving.url + "/api/auth/login/", json=body, timeout=60).status_code

    assert serving.process is not None
    folder = of_process(serving.children[0], "PROMETHEUS_MULTIPROC_DIR")
    with kept_connection(serving.port) as kept, ThreadPoolExecutor(40) as pool:
        answers = [pool.submit(sign_in, number) for number in range(30)]
        time.sleep(0.2)  # all are sent; four threads work
        serving.process.send_signal(signal.SIGTERM)
        time.sleep(0.2)
        ready, live = (
            pool.submit(requests.get, f"{serving.url}/health/{name}", timeout=60) for name in ("ready", "live")
        )
        silent = pool.submit(ask, kept)
        assert ready.result().json()["failing"] == ["stopping"]
        assert live.result().status_code == 200
        assert silent.result() == (200, "close")
        assert [answer.result() for answer in answers] == [401] * 30
    assert serving.process.wait(timeout=60) == 0
    serving.process = None
    assert not Path(folder).exists()


HANDED_OVER = """
import os, sys
os.dup2(int(sys.argv[1]), 3, inheritable=True)
os.environ.update(LISTEN_PID=str(os.getpid()), LISTEN_FDS="1")
os.execv(sys.argv[2], sys.argv[2:])
"""


def test_a_socket_of_systemd_outlives_the_supervisor_and_processes_without_one_end(folder: Path, url: str) -> None:
    """It is one on a path, as nginx may ask by; whoever comes while nobody serves, waits."""
    path = f"/tmp/courseplatform-{uuid4().hex}.sock"
    made = Serving(folder / "handed", url, processes=1, COURSEPLATFORM_SERVER_TRUSTED_PROXY="localhost")
    with socket.socket(socket.AF_UNIX) as listener, made.log.open("wb") as log:
        listener.bind(path)
        listener.listen(10)
        waiting = socket.socket(socket.AF_UNIX)
        waiting.settimeout(60)
        waiting.connect(path)
        waiting.sendall(b"GET /health/ready HTTP/1.1\r\nHost: x\r\nX-Forwarded-For: 203.0.113.7\r\n\r\n")
        command = [sys.executable, "-c", HANDED_OVER, str(listener.fileno()), *map(str, made.command())]
        fds = [listener.fileno()]
        made.process = subprocess.Popen(command, env=made.environ, pass_fds=fds, stdout=log, stderr=log)
        try:
            assert waiting.recv(1000).startswith(b"HTTP/1.1 200 ")
            (child,) = made.children
            made.process.kill()
            wait_until(lambda: not is_running(child))
            waiting.close()
            with socket.socket(socket.AF_UNIX) as again:
                again.connect(path)  # it still listens
        finally:
            made.process.kill()
            made.process.wait()
            Path(path).unlink()


def test_a_fault_at_the_first_start_ends_it_with_one_message(folder: Path) -> None:
    ini = folder / "faulty.ini"
    ini.write_text(
        "[app:main]\nuse = egg:courseplatform\n"
        f"[server:main]\nuse = egg:courseplatform\nhost = 127.0.0.1\nport = {free_port()}\n"
    )
    environ = {name: value for name, value in os.environ.items() if name not in ("DATABASE_URL", "REDIS_URL")}
    command = [Platform.script("courseplatform"), "serve", ini, "--processes", "4"]
    done = subprocess.run(command, env=environ, capture_output=True, text=True, timeout=60)
    assert done.returncode == 1
    assert done.stderr.count("database.url: is required") == 1
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("port = twenty", "invalid literal for int() with base 10: 'twenty'"),
        ("thread = 4", "Unknown adjustment 'thread'"),
        ("drain_delay_s = soon", "drain_delay_s can't be read as natural_int"),
    ],
)
def test_a_fault_of_how_it_serves_is_told_in_a_sentence(line: str, told: str, tmp_path: Path) -> None:
    ini = tmp_path / "faulty.ini"
    ini.write_text(f"[server:main]\nuse = egg:courseplatform\n{line}\n")
    with pytest.raises(ConfigurationError) as caught:
        options_of(str(ini))
    assert str(caught.value) == f"[server:main]: {told}"


def test_an_address_that_is_not_ours_is_told_in_a_sentence() -> None:
    with pytest.raises(ConfigurationError, match=r"can't listen at 203\.0\.113\.1"), listening({"host": "203.0.113.1"}):
        pass


def test_a_file_that_lies_where_the_socket_should_be_stays(tmp_path: Path) -> None:
    path = tmp_path / "kept"
    path.write_text("kept")
    with pytest.raises(ConfigurationError, match="can't listen"), listening({"unix_socket": str(path)}):
        pass
    assert path.read_text() == "kept"


def test_a_release_is_found_where_the_name_of_the_command_leads_now(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for release in ("old", "new"):
        (tmp_path / release / "bin").mkdir(parents=True)
        (tmp_path / release / "bin" / "python").touch()
    current = tmp_path / "current"
    current.symlink_to("old")
    monkeypatch.setattr(sys, "argv", [str(current / "bin" / "courseplatform")])
    before = child_command("x.ini")
    current.unlink()
    current.symlink_to("new")
    assert before[0] == str(tmp_path / "old/bin/python")  # so that what it imports late is old too
    assert child_command("x.ini")[0] == str(tmp_path / "new/bin/python")


def test_every_option_is_documented() -> None:
    page = (ROOT / "docs/operations/serving.md").read_text()
    assert [name for name in OVERRIDDEN if f"`{name}`" not in page] == []


def test_a_socket_in_the_file_system_is_for_whom_its_mode_lets_in_and_goes_with_the_supervisor(tmp_path: Path) -> None:
    path = tmp_path / "platform.sock"
    for _ in range(2):
        with listening({"unix_socket": str(path), "unix_socket_perms": "660"}) as (made,):
            assert stat.S_IMODE(path.stat().st_mode) == 0o660
            assert address_of(made) == f"unix:{path}"
        assert not path.exists()
