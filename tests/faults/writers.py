"""Those who write while things go wrong, and the ledger of what they were told.

A writer is a student after another, from registration to a grade. Each request is repeated until it is acknowledged:
a POST with its Idempotency-Key, a grade by its ETag.
"""

import hashlib
import itertools
import random
import secrets
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

import requests
from urllib3.exceptions import NewConnectionError

from tests.faults.stage import Stage

PASSWORD = secrets.token_urlsafe(16)
#: An answer that takes longer hangs, whatever was promised.
HANG_S = 20
#: A writer thinks, up to so long, before each request: the jobs of all that is written have to be done as well.
PAUSE_S = 0.5
#: "Not now": to be repeated after ``Retry-After``.
NOT_NOW = (429, 503)


@dataclass
class Ledger:
    """``told``: by kind of thing, its mark → what was acknowledged of it. ``faults``: what must not be, in words."""

    name: str
    told: dict[str, dict[str, Any]] = field(default_factory=lambda: {kind: {} for kind in KINDS})
    answers: Counter[int] = field(default_factory=Counter)
    faults: Counter[str] = field(default_factory=Counter)
    slowest_s: float = 0.0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def tell(self, kind: str, mark: str, what: Any) -> None:
        with self.lock:
            self.told[kind][mark] = what

    def note(self, status: int, took_s: float) -> None:
        with self.lock:
            self.answers[status] += 1
            self.slowest_s = max(self.slowest_s, took_s)

    def blame(self, fault: str) -> None:
        with self.lock:
            self.faults[fault] += 1

    @property
    def requests(self) -> int:
        return sum(self.answers.values())

    @property
    def acknowledged(self) -> int:
        return sum(len(told) for told in self.told.values())


KINDS = ("user", "enrollment", "submission", "file", "comment", "grade")


class GivenUp(Exception):
    """A request was not acknowledged in time."""


class Writer(threading.Thread):
    """``may_break``: connections may end without an answer, since that is the harm.

    ``patience_s``: how long after the harm a request may be repeated.
    """

    def __init__(
        self, stage: Stage, ledger: Ledger, number: int, dice: random.Random, *, may_break: bool, patience_s: float
    ) -> None:
        super().__init__(name=f"writer {number}", daemon=True)
        self.stage, self.ledger, self.number, self.dice = stage, ledger, number, dice
        self.may_break, self.patience_s = may_break, patience_s
        self.is_over = threading.Event()
        self.over_at_s = float("inf")
        self.token: str | None = None
        self.login: dict[str, str] = {}

    def stop(self) -> None:
        """Finish with the student at hand."""
        self.over_at_s = time.monotonic()
        self.is_over.set()

    def run(self) -> None:
        try:
            for round_number in itertools.count():
                self.live(f"{self.ledger.name}-{self.number}-{round_number}")
                if self.is_over.is_set():
                    return
        except GivenUp as error:
            self.ledger.blame(f"never acknowledged: {error}")

    def live(self, mark: str) -> None:
        stage, ledger = self.stage, self.ledger
        person = {"username": mark, "email": f"{mark}@example.com", "password": PASSWORD}
        user = self.post("/api/auth/register/", json=person)
        ledger.tell("user", mark, user["id"])
        self.login = {"username": mark, "password": PASSWORD}
        self.sign_in()
        self.ask("PUT", f"{stage.course}enrollments/me/")
        ledger.tell("enrollment", user["id"], user["id"])
        text_path, file_path = (f"{assignment}submissions/" for assignment in stage.assignments)
        work = self.post(text_path, json={"text": mark})
        ledger.tell("submission", mark, work["id"])
        content = self.dice.randbytes(self.dice.choice((1_000, 100_000, 700_000)))
        filed = self.post(file_path, data={"text": f"{mark} file"}, files={"file": ("work.bin", content)})
        ledger.tell("submission", f"{mark} file", filed["id"])
        ledger.tell("file", filed["id"], hashlib.sha256(content).hexdigest())
        comment = self.post(f"{stage.lesson}comments/", json={"text": mark})
        ledger.tell("comment", mark, comment["id"])
        points = self.dice.randint(0, 100)
        self.grade(f"{text_path}{work['id']}/", points)
        ledger.tell("grade", work["id"], points)

    def sign_in(self) -> None:
        self.token = self.post("/api/auth/login/", json=self.login, is_anonymous=True)["access_token"]

    def grade(self, path: str, points: int) -> None:
        """As the teacher: by the ETag that was read; whether a lost answer was a yes, the next reading tells."""
        token = self.stage.teacher.token
        while True:
            answer = self.ask("GET", path, token=token)
            if answer.json()["grade"] == points:
                return
            headers = {"If-Match": answer.headers["ETag"]}
            answer = self.ask("PUT", f"{path}grade/", token=token, json={"grade": points}, headers=headers, also=(412,))
            if answer.status_code != 412:
                return

    def post(self, path: str, **kw: Any) -> Any:
        headers = {"Idempotency-Key": str(uuid4())}
        return self.ask("POST", path, headers=headers, **kw).json()

    def ask(
        self,
        method: str,
        path: str,
        *,
        token: str | None = None,
        also: tuple[int, ...] = (),
        is_anonymous: bool = False,
        headers: dict[str, str] | None = None,
        **kw: Any,
    ) -> requests.Response:
        """Until it is acknowledged, or answered with a status of ``also``. Raises: GivenUp."""
        while time.monotonic() < self.over_at_s + self.patience_s:
            bearer = {} if is_anonymous else {"Authorization": f"Bearer {token or self.token}"}
            if path == "/api/auth/register/":
                bearer = {}
            answer = self.ask_once(method, path, headers={**(headers or {}), **bearer, "Connection": "close"}, **kw)
            if answer is None:
                time.sleep(self.dice.uniform(0.05, 0.2))
            elif answer.status_code < 400 or answer.status_code in also:
                return answer
            elif answer.status_code == 401 and token is None and not is_anonymous and bearer:
                self.sign_in()
            else:
                time.sleep(self.dice.uniform(0.1, 0.4))
        raise GivenUp(f"{method} {shape(path)}")

    def ask_once(self, method: str, path: str, **kw: Any) -> requests.Response | None:
        """None where there was no answer."""
        time.sleep(self.dice.uniform(0, PAUSE_S))
        app = self.dice.choice(self.stage.apps)
        began = time.monotonic()
        try:
            answer = requests.request(
                method, f"http://127.0.0.1:{app.clients_port}{path}", timeout=HANG_S, allow_redirects=False, **kw
            )
        except requests.Timeout:
            self.ledger.note(0, time.monotonic() - began)
            self.ledger.blame(f"no answer within {HANG_S} s: {method} {shape(path)}")
            return None
        except requests.ConnectionError as error:
            if not self.may_break and not is_refused(error):
                self.ledger.blame(f"a connection that ended without an answer: {method} {shape(path)}")
            return None
        self.ledger.note(answer.status_code, time.monotonic() - began)
        if fault := fault_of(answer):
            self.ledger.blame(f"{fault}: {method} {shape(path)}")
        return answer


def is_refused(error: requests.ConnectionError) -> bool:
    """Whether nobody listens: then the proxy in front asks another process, and so do we."""
    return isinstance(getattr(error.args[0], "reason", None), NewConnectionError)


def shape(path: str) -> str:
    """An address without its ids."""
    return "/".join("…" if len(part) == 36 else part for part in path.split("/"))


def fault_of(answer: requests.Response) -> str | None:
    """What is wrong with an answer, whatever it answers."""
    status = answer.status_code
    if status < 400:
        return None
    if answer.headers.get("Content-Type") != "application/problem+json":
        return f"{status} that is no problem+json"
    code = answer.json().get("code")
    if status in NOT_NOW:
        return None if answer.headers.get("Retry-After") else f"{status} {code} without Retry-After"
    is_expected = status in (401, 412) or code == "idempotency_key_in_use"
    return None if is_expected else f"{status} {code}"
