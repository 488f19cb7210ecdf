"""No answer tells whether an account exists: not its status, body or headers, and not the time it takes."""

import time
from collections.abc import Iterator
from statistics import median
from typing import Any

import pytest

from courseplatform.testing import Client, make_app, rolled_back
from tests.factories.accounts import make_user

TRIES = 40
ROUNDS = 3
TOLERANCE = 0.05


@pytest.fixture(scope="module")
def slow_client(database_url: str, wsgi_app: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    """A client of a platform whose hashes cost as much time as real ones, in little memory."""
    app = make_app(
        database_url,
        tmp_path_factory.mktemp("slow"),
        **{"accounts.argon2_memory_kib": "8192", "accounts.argon2_rounds": "3"},
    )
    with rolled_back(app) as (client, _):
        yield client
    app.registry["db.engine"].dispose()


def seconds(client: Client, login: str) -> tuple[float, Any]:
    body = {"username": login, "password": "not the right one"}
    started = time.perf_counter()
    answer = client.post("/api/auth/login/", body, status=401, headers={"X-Request-ID": "the-same-for-all"})
    return time.perf_counter() - started, answer


def measure(client: Client, logins: tuple[str, str]) -> tuple[float, set[Any]]:
    """Medians of the two logins as a ratio, and all that was answered. Taken in turns, so that noise meets both."""
    times: dict[str, list[float]] = {login: [] for login in logins}
    answers = set()
    for number in range(TRIES):
        for login in logins if number % 2 else reversed(logins):
            took, answer = seconds(client, login)
            times[login].append(took)
            for own in ("RateLimit-Remaining", "RateLimit-Reset"):  # the asker's address's
                answer.headers.pop(own)
            answers.add((answer.status, answer.body, tuple(sorted(answer.headers.items()))))
    return median(times[logins[0]]) / median(times[logins[1]]), answers


@pytest.mark.parametrize("domain", ["", "@example.com"], ids=["by username", "by e-mail address"])
def test_a_sign_in_takes_as_long_and_says_the_same_for_a_known_and_an_unknown_account(
    slow_client: Client, domain: str
) -> None:
    make_user(slow_client, username=f"grace{len(domain)}")
    logins = f"grace{len(domain)}{domain}", f"nobody{len(domain)}{domain}"
    ratios = []
    for _ in range(ROUNDS):
        ratio, answers = measure(slow_client, logins)
        assert len(answers) == 1
        ratios.append(ratio)
        if abs(ratio - 1) <= TOLERANCE:
            return
    pytest.fail(f"the medians differ by more than {TOLERANCE:.0%}: {ratios}")
