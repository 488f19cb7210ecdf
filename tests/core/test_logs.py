"""Log lines: what is in them, whatever a record holds; and what Python itself would print."""

import json
import logging
import subprocess
import sys
import threading
from typing import Any

import pytest

from courseplatform.logs import EcsFormatter, LineFormatter, TellingEcsFormatter, about, learn
from courseplatform.logs.access import client_fields
from courseplatform.logs.ecs import MAX_LINE_BYTES, role
from courseplatform.logs.text import plain
from tests.core.elk import faults
from tests.functional.platform import ROOT

EVIL = ['x"}\n{"event": "forged"}', "x\r\nINFO forged", "\x1b[2J\x7f", "\u2028forged\u0085", "\u202e", "\ud800", "%s%n"]


def record(message: str = "said", *args: Any, error: BaseException | None = None, **extra: Any) -> logging.LogRecord:
    trace = (type(error), error, error.__traceback__) if error is not None else None
    return logging.getLogger("sandbox").makeRecord(
        "sandbox", logging.INFO, "f.py", 1, message, args, trace, extra=extra
    )


def line(*args: Any, formatter: logging.Formatter | None = None, **extra: Any) -> dict[str, Any]:
    text = (formatter or EcsFormatter()).format(record(*args, **extra))
    assert text.isascii() and len(text) <= MAX_LINE_BYTES and len(text.splitlines()) == 1
    made: dict[str, Any] = json.loads(text)
    assert faults([made]) == set()
    return made


@pytest.mark.parametrize("text", EVIL)
def test_nothing_that_was_sent_ends_a_line_or_paints_on_a_terminal(text: str) -> None:
    ids = {"courseplatform.audit": {"note": text}, "url.path": text, "own": text}
    with about({"user_agent.original": text}):
        made = line("was sent %s", text, **ids)
        readable = LineFormatter("%(message)s").format(record("was sent %s", text, **ids))
    for said in (
        made["message"],
        made["url.path"],
        made["labels"]["own"],
        made["courseplatform.audit"]["note"],
        readable,
    ):
        assert said.isprintable() and "\n" not in said
    assert made["user_agent.original"] == plain(text)


def test_what_is_harmless_is_told_as_it_is() -> None:
    text = "Größe 大小 🎓 Ω — «да»"
    assert line(text)["message"] == plain(text) == text


def test_a_line_is_bounded_whatever_it_holds() -> None:
    long = {f"label_{number}": "\U0001f393" * 10_000 for number in range(100)}
    made = line("\U0001f393" * 100_000, **long, **{"url.path": "x" * 100_000})
    assert len(made["labels"]) <= 32 and made["log.level"] == "info"


@pytest.mark.parametrize("value", [float("nan"), float("inf"), object(), b"\xff", [1, {"a": 2}], {1: {2: 3}}, 10**400])
def test_whatever_a_label_is_it_is_text(value: Any) -> None:
    assert isinstance(line(odd=value)["labels"]["odd"], str)


@pytest.mark.parametrize(
    "name", ["password", "new_password", "access_token", "client_secret", "Authorization", "cookie"]
)
def test_a_label_with_the_name_of_a_secret_is_left_out(name: str) -> None:
    assert line(**{name: "canary-5Wq"})["labels"] == {name: "(left out)"}


def test_labels_can_neither_forge_a_field_nor_meet_one() -> None:
    made = line(**{"service.name": "forged", "log.level.x": "y", "courseplatform": "z"})
    assert made["service.name"] == "courseplatform"
    assert made["labels"] == {"service_name": "forged", "log_level_x": "y", "courseplatform": "z"}


def failed() -> RuntimeError:
    try:
        try:
            raise KeyError("canary-5Wq")
        except KeyError as error:
            raise RuntimeError("canary-5Wq") from error
    except RuntimeError as error:
        return error


def test_an_error_is_its_class_and_its_place_with_all_its_causes_and_not_its_message() -> None:
    made = line(error=failed())
    assert made["error.type"] == "RuntimeError"
    assert made["error.stack_trace"].count("test_logs.py") == 2 and "builtins.KeyError, at" in made["error.stack_trace"]
    assert "error.message" not in made
    assert "canary-5Wq" not in json.dumps(made).replace('(\\"canary-5Wq\\")', "")  # the source of this file


def test_who_asks_for_the_messages_of_errors_has_them() -> None:
    assert line(error=failed(), formatter=TellingEcsFormatter())["error.message"] == "canary-5Wq"


def test_an_error_that_is_its_own_cause_has_an_end() -> None:
    error = failed()
    assert error.__cause__ is not None
    error.__cause__.__cause__ = error
    assert line(error=error)["error.stack_trace"]


def test_what_is_known_of_a_request_is_on_its_lines_and_on_no_others() -> None:
    with about({"http.request.id": "one"}):
        learn("user.id", "u")
        with about({"courseplatform.job.name": "j"}):
            inner = line()
        assert (inner["http.request.id"], inner["user.id"], inner["courseplatform.job.name"]) == ("one", "u", "j")
        assert "courseplatform.job.name" not in line()
        assert line(**{"user.id": "other"})["user.id"] == "other"
        assert line(**{"user.id": None})["user.id"] == "u"
        seen: list[Any] = []
        thread = threading.Thread(target=lambda: seen.append(line()))
        thread.start()
        thread.join()
        assert "http.request.id" not in seen[0]
    learn("user.id", "nobody's")
    assert not {"http.request.id", "user.id"} & line().keys()


@pytest.mark.parametrize(
    ("argv", "told"),
    [
        (["/x/pserve", "production.ini"], "serve"),
        (["/x/site-packages/courseplatform/server/child.py", "production.ini"], "serve"),
        (["courseplatform", "worker", "production.ini"], "worker"),
        (["courseplatform", "rotate-keys", "production.ini"], "rotate-keys"),
        (["/usr/bin/python"], "other"),
        ([], "other"),
    ],
)
def test_a_process_says_as_what_it_was_started(argv: list[str], told: str) -> None:
    assert role(argv) == told


@pytest.mark.parametrize(
    ("address", "told"),
    [
        ("203.0.113.9", {"client.ip": "203.0.113.9"}),
        ("::FFFF:1.2.3.4", {"client.ip": "1.2.3.4"}),
        ("fe80::1%eth0", {"client.address": "fe80::1%eth0"}),
        ("unix:", {"client.address": "unix:"}),
        ("", {}),
    ],
)
def test_only_what_is_an_address_is_one(address: str, told: dict[str, str]) -> None:
    assert client_fields(address) == told


# A process as it is started


def started(ini: str, code: str) -> subprocess.CompletedProcess[str]:
    """Python code in a process that logs as an ini file says."""
    begin = f"from courseplatform.logs import start_logging, refuse_to_start; start_logging({str(ROOT / ini)!r})\n"
    command = [sys.executable, "-W", "ignore:pkg_resources", "-c", begin + code]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


@pytest.mark.parametrize(
    ("code", "told"),
    [
        ("raise RuntimeError('canary-5Wq')", "the process ends: RuntimeError"),
        ("import threading; threading.Thread(target=lambda: 1 / 0, name='t').start()", "a thread ends: t"),
        ("import warnings; warnings.warn('mind the gap')", "mind the gap"),
        ("refuse_to_start('faults:\\n  one')", "faults:\\n  one"),
        ("import logging; logging.getLogger('x').error('as always')", "as always"),
    ],
)
def test_in_production_all_that_python_prints_is_a_line_of_json(code: str, told: str) -> None:
    done = started("production.ini", code)
    assert done.stderr == ""
    (text,) = done.stdout.splitlines()
    assert told in json.loads(text)["message"] and "canary" not in text


def test_in_development_it_is_to_be_read() -> None:
    done = started(
        "development.ini", "import logging; logging.getLogger('courseplatform.x').info('hello', extra={'n': 5})"
    )
    assert done.stdout == ""
    assert done.stderr.endswith("INFO courseplatform.x hello n=5\n")
    assert "canary-5Wq" in started("development.ini", "raise RuntimeError('canary-5Wq')").stderr
