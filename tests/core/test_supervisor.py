"""What a supervisor does in rare moments. Its processes are stand-ins, which say that they are ready, or don't."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import pytest
from pyramid.exceptions import ConfigurationError

from courseplatform.server.child import tell_when_well
from courseplatform.server.draining import Stopping
from courseplatform.server.options import options_of
from tests.core.conftest import build
from tests.functional.serving import wait_until

SUPERVISE = """
import logging, sys
from courseplatform.server.options import read_options
from courseplatform.server.supervisor import Plan, Supervisor

logging.basicConfig(level=logging.INFO)
options = read_options({"host": "127.0.0.1", "port": "0", "processes": "2"})
sys.exit(Supervisor(lambda: Plan(sys.argv[1:], options)).run())
"""
STAND_IN = """
import socket, sys, time
from pathlib import Path

line = socket.socket(fileno=int(sys.argv[sys.argv.index("--line") + 1]))
is_of_next = "--takes-over" in sys.argv
"""
READY = "line.send(b'ready')\nline.recv(1)"


class Supervised:
    """``python``: what its processes are started with."""

    def __init__(self, folder: Path, told: socket.socket, does: str) -> None:
        self.log, self.python, self.told = folder / "log", folder / "python", told
        self.python.symlink_to(sys.executable)
        command = [sys.executable, "-c", SUPERVISE, str(self.python), "-c", STAND_IN + does]
        environ = {**os.environ, "NOTIFY_SOCKET": told.getsockname()}
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(command, env=environ, cwd=folder, stdout=log, stderr=log)

    def says(self, words: str, count: int = 1) -> None:
        wait_until(lambda: self.log.read_text().count(words) >= count, 20)

    @property
    def children(self) -> list[int]:
        found = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text()
        return [int(each) for each in found.split()]


@pytest.fixture
def supervise(tmp_path: Path) -> Iterator[Callable[[str], Supervised]]:
    with ExitStack() as stack:

        def begin(does: str) -> Supervised:
            told = stack.enter_context(socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM))
            told.bind(str(tmp_path / "told"))
            told.settimeout(10)
            made = Supervised(tmp_path, told, does)
            stack.callback(made.process.wait)
            stack.callback(made.process.kill)  # the stand-ins see the end of their lines
            return made

        yield begin


def test_systemd_is_told_too_where_the_first_generation_was_replaced_before_it_was_ready(
    supervise: Callable[[str], Supervised],
) -> None:
    made = supervise("if is_of_next:\n    line.send(b'ready')\nline.recv(1)")
    made.says("2 processes are to serve")
    made.process.send_signal(signal.SIGHUP)
    assert made.told.recv(99) == b"READY=1"


def test_who_listens_no_more_is_not_told_and_that_is_all(
    supervise: Callable[[str], Supervised], tmp_path: Path
) -> None:
    made = supervise(READY)
    (tmp_path / "told").unlink()
    made.says("NOTIFY_SOCKET can't be told READY=1: No such file or directory")
    assert made.process.poll() is None


def test_a_first_process_that_can_not_start_ends_it_although_another_generation_is_on_its_way(
    supervise: Callable[[str], Supervised],
) -> None:
    does = "while is_of_next or not Path('fails').exists():\n    time.sleep(0.05)\nsys.exit(3)"
    made = supervise(does)
    made.says("2 processes are to serve")
    made.process.send_signal(signal.SIGHUP)
    made.says("the next 2 processes start")
    made.log.with_name("fails").touch()
    assert made.process.wait(timeout=10) == 3


def test_those_who_serve_go_on_while_no_other_can_be_started(supervise: Callable[[str], Supervised]) -> None:
    made = supervise(READY)
    made.says("2 processes serve")
    made.python.rename(made.python.with_name("gone"))
    killed, other = made.children
    os.kill(killed, signal.SIGKILL)
    made.says("a process can't be started (No such file or directory)")
    made.process.send_signal(signal.SIGHUP)
    made.says("the next processes do not come up")
    assert (made.process.poll(), made.children) == (None, [other])
    made.python.with_name("gone").rename(made.python)
    made.says("is ready", 3)
    assert made.process.poll() is None


def test_a_process_that_is_let_go_while_it_asks_the_database_whether_all_is_well_ends_in_peace() -> None:
    line, other_end = socket.socketpair()
    with line, other_end, socket.create_server(("127.0.0.1", 0)) as silent, ThreadPoolExecutor(1) as pool:
        app, stopping = build(**{"database.url": f"postgresql://u@127.0.0.1:{silent.getsockname()[1]}/x"}), Stopping()
        asking = pool.submit(tell_when_well, app.registry, line, stopping)
        time.sleep(0.5)
        line.close()
        stopping.ask()
        assert asking.result(10) is None


@pytest.mark.parametrize(
    "text", [None, "nonsense-w8Xq\n", "[a]\nnonsense-w8Xq\n", "[a]\n[a]\n", "[server:main]\nhost = w8Xq%\n", "\xff"]
)
def test_an_ini_file_that_can_not_be_read_is_told_and_not_repeated(tmp_path: Path, text: str | None) -> None:
    """So that at SIGHUP the processes go on as they are."""
    ini = tmp_path / "production.ini"
    if text is not None:
        ini.write_bytes(text.encode("latin-1"))
    with pytest.raises(ConfigurationError, match="can't be read") as told:
        options_of(str(ini))
    assert "w8Xq" not in str(told.value)
