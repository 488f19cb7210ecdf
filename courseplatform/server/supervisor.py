"""``courseplatform serve INI --processes N``: processes that accept from one socket, kept alive and replaced.

The supervisor binds the sockets once, or is given them by systemd, and starts each process as a Python of its own,
which inherits them. A *generation* is the processes that were started together, with the code and the ini file of that
moment. SIGHUP starts the next one; once all of it is ready the one before is let go, and finishes what has come to it.
"""

import logging
import os
import select
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from prometheus_client.multiprocess import mark_process_dead
from pyramid.exceptions import ConfigurationError

from .notifying import notify
from .options import Options
from .sockets import address_of, listening

log = logging.getLogger(__name__)

METRICS_VARIABLE = "PROMETHEUS_MULTIPROC_DIR"
#: How long a generation may take to be ready before it is given up.
COME_UP_S = 120
#: How long a process may take to end, beyond ``drain_delay_s``: its requests, its silent clients, its job.
GO_S = 60
#: Who has lived so long did not die at once: it is replaced without a pause.
LONG_LIFE_S = 60
FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.5, 30.0


class Child:
    """A process, and our end of its line."""

    def __init__(self, command: Sequence[str], sockets: Sequence[socket.socket], takes_over: bool) -> None:
        self.line, its_end = socket.socketpair()
        handed = [one.fileno() for one in sockets]
        arguments = ["--line", str(its_end.fileno()), "--sockets", ",".join(map(str, handed))]
        with its_end:
            self.process = subprocess.Popen(  # noqa: S603 - our own words, the ini file's name among them, and no shell
                [*command, *arguments, *(["--takes-over"] if takes_over else [])],
                stdin=subprocess.DEVNULL,
                pass_fds=[its_end.fileno(), *handed],
                start_new_session=True,  # Ctrl-C is for the supervisor, which passes it on
            )
        self.started_at_s, self.ends_by_s = time.monotonic(), float("inf")
        self.is_ready = False
        self.line.setblocking(False)

    @property
    def id(self) -> int:
        return self.process.pid

    def listen(self) -> None:
        """Note what it says on its line."""
        try:
            said = self.line.recv(64)
        except BlockingIOError:
            return
        except OSError:
            said = b""
        if said:
            self.is_ready = True
            log.info("process %d is ready", self.id)
        else:
            self.line.close()

    def leave(self, within_s: float) -> None:
        """Let it go: it takes no more requests and answers those that it has."""
        self.ends_by_s = time.monotonic() + within_s
        self.line.close()
        if not self.is_ready:  # it may not be looking at its line yet
            self.process.terminate()


@dataclass(frozen=True)
class Plan:
    """How a generation is started, and whoever replaces one of it: by the code that was there when it began."""

    command: list[str]
    options: Options


class Supervisor:
    """``plan``: makes the plan of a generation that begins now."""

    def __init__(self, plan: Callable[[], Plan]) -> None:
        self.make_plan = plan
        self.plan = self.next_plan = plan()
        #: The generation that serves, the one that is to follow it, and whoever has been let go.
        self.serving: list[Child] = []
        self.coming: list[Child] = []
        self.leaving: list[Child] = []
        self.is_stopping = self.has_served = self.is_up = False
        self.exit_code = self.early_deaths = 0
        self.not_before_s = 0.0

    def run(self) -> int:
        """Until SIGTERM, or until the first process of all can't start. The exit code."""
        with listening(self.plan.options.address) as self.sockets, metrics_folder(), heard_signals() as self.heard:
            where = ", ".join(address_of(one) for one in self.sockets)
            log.info("%d processes are to serve at %s", self.plan.options.processes, where)
            while not (self.is_stopping and not self.everybody):
                self.tend()
                self.wait()
                for number in read_signals(self.heard):
                    self.obey(number)
                self.bury()
        log.info("stopped")
        return self.exit_code

    @property
    def everybody(self) -> list[Child]:
        return [*self.serving, *self.coming, *self.leaving]

    @property
    def go_s(self) -> float:
        return self.plan.options.drain_delay_s + GO_S

    def wait(self) -> None:
        """Until a signal comes, a process says something, or a time is over."""
        lines = {child.line: child for child in self.everybody if child.line.fileno() >= 0}
        times = [self.not_before_s, *(child.ends_by_s for child in self.everybody)]
        times += [child.started_at_s + COME_UP_S for child in self.coming]
        now = time.monotonic()
        until = min((each for each in times if each > now), default=now + LONGEST_PAUSE_S)
        readable, _, _ = select.select([self.heard, *lines], [], [], min(until - now, LONGEST_PAUSE_S))
        for line in readable:
            if line in lines:
                lines[line].listen()

    def obey(self, number: int) -> None:
        if number in (signal.SIGTERM, signal.SIGINT):
            self.stop()
        elif number == signal.SIGHUP and not self.is_stopping:
            self.begin_next()

    def stop(self) -> None:
        """Have everybody answer what has come; asked again, end everybody."""
        if self.is_stopping:
            for child in self.everybody:
                child.process.kill()
            return
        log.info("stopping")
        notify("STOPPING=1")
        self.is_stopping = True
        for one in self.sockets:
            one.close()
        for child in self.everybody:
            child.ends_by_s = min(child.ends_by_s, time.monotonic() + self.go_s)
            child.process.terminate()

    def bury(self) -> None:
        """See who has ended, and end who takes too long."""
        for child in self.everybody:
            if child.process.poll() is None:
                if time.monotonic() > child.ends_by_s:
                    log.error("process %d does not end, and is killed", child.id)
                    child.ends_by_s = float("inf")
                    child.process.kill()
                continue
            child.line.close()
            mark_process_dead(child.id, os.environ[METRICS_VARIABLE])  # type: ignore[no-untyped-call]
            for group in (self.serving, self.coming, self.leaving):
                if child in group:
                    group.remove(child)
                    if not self.is_stopping and group is not self.leaving:
                        has_lived_long = time.monotonic() > child.started_at_s + LONG_LIFE_S
                        code = child.process.returncode
                        how = f"ended with {code}" if code >= 0 else f"was killed by {signal.Signals(-code).name}"
                        self.lose(f"process {child.id} {how}", code, group is self.coming, has_lived_long)

    def lose(self, what: str, code: int, is_coming: bool, has_lived_long: bool = False) -> None:
        """Somebody has ended whom nobody asked to, or could not even be started."""
        if is_coming:
            self.give_up(what)
        elif not self.has_served:
            log.error("%s, the first of all: the platform does not start", what)
            self.exit_code = code if code > 0 else 1
            self.stop()
        else:
            self.early_deaths = 0 if has_lived_long else self.early_deaths + 1
            pause_s = min(FIRST_PAUSE_S * 2 ** (self.early_deaths - 1), LONGEST_PAUSE_S) if self.early_deaths else 0.0
            self.not_before_s = time.monotonic() + pause_s
            log.error("%s; another follows in %.1f s", what, pause_s)

    def tend(self) -> None:
        """Start who is missing. The first of a generation comes alone: what ends it would end them all."""
        if self.is_stopping:
            return
        if self.coming:
            if time.monotonic() > self.coming[0].started_at_s + COME_UP_S:
                self.give_up(f"it is not ready after {COME_UP_S} s")
            elif self.coming[0].is_ready:
                self.fill(self.coming, self.next_plan, self.next_plan.options.processes, takes_over=True)
                if self.coming and all(child.is_ready for child in self.coming):
                    self.hand_over()
        self.has_served = self.has_served or any(child.is_ready for child in self.serving)
        count = self.plan.options.processes if self.has_served else 1
        if time.monotonic() >= self.not_before_s:
            self.fill(self.serving, self.plan, count, takes_over=False)
        if self.has_served and not self.is_up and all(child.is_ready for child in self.serving):
            self.is_up = True
            log.info("%d processes serve", len(self.serving))
            notify("READY=1")

    def fill(self, generation: list[Child], plan: Plan, count: int, takes_over: bool) -> None:
        while len(generation) < count:
            try:
                generation.append(Child(plan.command, self.sockets, takes_over))
            except OSError as error:  # its Python has gone with an old release, or the machine has no room
                self.lose(f"a process can't be started ({error.strerror})", 1, is_coming=takes_over)
                return

    def begin_next(self) -> None:
        """Start another generation. One that is on its way gives way to it."""
        if self.coming:
            self.give_up("another is to follow")
        try:
            self.next_plan = self.make_plan()
        except ConfigurationError as error:
            log.error("the processes go on as they are: %s", error)
            return
        log.info("the next %d processes start", self.next_plan.options.processes)
        self.fill(self.coming, self.next_plan, 1, takes_over=True)

    def hand_over(self) -> None:
        log.info("the next %d processes serve; those before finish what they have", len(self.coming))
        self.let_go(self.serving)
        self.serving, self.coming, self.plan = self.coming, [], self.next_plan
        self.has_served = True
        self.early_deaths, self.not_before_s = 0, 0.0

    def give_up(self, why: str) -> None:
        log.error("the next processes do not come up, those before go on: %s", why)
        self.let_go(self.coming)
        self.coming = []

    def let_go(self, generation: list[Child]) -> None:
        for child in generation:
            child.leave(self.go_s)
        self.leaving += generation


def child_command(ini: str) -> list[str]:
    """The Python beside this very command, where the name that it was called by leads now: a release may have moved it.

    Led there once and for all, so that what a process imports late is of the same release.
    """
    beside = Path(sys.argv[0]).absolute().parent.resolve() / "python"
    # -P: what lies in the working directory is no module, as for every installed command.
    return [str(beside) if beside.exists() else sys.executable, "-P", "-m", "courseplatform.server.child", ini]


@contextmanager
def metrics_folder() -> Iterator[None]:
    """Where all processes count together (prometheus_client's multiprocess mode), unless the operator has named one."""
    if os.environ.get(METRICS_VARIABLE):
        yield
        return
    with tempfile.TemporaryDirectory(prefix="courseplatform-metrics-", ignore_cleanup_errors=True) as folder:
        os.environ[METRICS_VARIABLE] = folder
        try:
            yield
        finally:
            del os.environ[METRICS_VARIABLE]


@contextmanager
def heard_signals() -> Iterator[socket.socket]:
    """A socket that has a byte for each signal that comes."""
    heard, told = socket.socketpair()
    with heard, told:
        heard.setblocking(False)
        told.setblocking(False)
        signal.set_wakeup_fd(told.fileno(), warn_on_full_buffer=False)
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGCHLD):
            signal.signal(number, lambda *_: None)
        try:
            yield heard
        finally:
            signal.set_wakeup_fd(-1)


def read_signals(heard: socket.socket) -> bytes:
    try:
        return heard.recv(256)
    except BlockingIOError:
        return b""
