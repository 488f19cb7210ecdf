"""The server dies between an effect and its answer; whoever repeats the request gets the answer."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from tests.functional.platform import ROOT, Caller, Platform

NINA = {"username": "nina", "email": "nina@example.com", "password": "a long enough passphrase"}


@pytest.fixture
def mortal() -> Iterator[Platform]:
    with tempfile.TemporaryDirectory(prefix="courseplatform-", ignore_cleanup_errors=True) as folder:
        made = Platform(Path(folder))
        made.environ["PYTHONPATH"] = str(ROOT)  # where the dying plugin is
        text = made.ini.read_text()
        made.ini.write_text(text.replace("    plugins.demo\n", "    plugins.demo\n    tests.functional.dying\n", 1))
        try:
            made.start()
            yield made
        finally:
            made.stop()


def test_a_post_whose_answer_died_with_the_server_is_answered_when_it_is_repeated(mortal: Platform) -> None:
    def register(**headers: str) -> requests.Response:
        key = {"Idempotency-Key": "8e03978e-40d5-43e8-bc93-6894a57f9324"}
        return requests.post(f"{mortal.url}/api/auth/register/", json=NINA, headers={**key, **headers}, timeout=10)

    with pytest.raises(requests.ConnectionError):
        register(**{"X-Die": "now"})
    assert mortal.process is not None
    assert mortal.process.wait(timeout=10) == -9
    mortal.start()
    answer = register()
    assert answer.status_code == 201
    assert answer.headers["Idempotent-Replayed"] == "true"
    nina = Caller(mortal).sign_in("nina", NINA["password"])
    assert nina("GET", "/api/users/me/", 200)["id"] == answer.json()["id"]
