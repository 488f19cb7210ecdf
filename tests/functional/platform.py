"""A really running platform: ``pserve`` as a process, with its own ini file and its own embedded PostgreSQL."""

import os
import re
import socket
import subprocess
import sys
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import requests

ROOT = Path(__file__).resolve().parents[2]
START_TIMEOUT_S = 60


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Platform:
    """``folder`` holds the ini file and ``var/``; ``plugins`` are on beside those of ``development.ini``."""

    def __init__(self, folder: Path, plugins: Iterable[str] = ()) -> None:
        self.folder, self.ini, self.port = folder, folder / "development.ini", free_port()
        text = (ROOT / "development.ini").read_text()
        text = re.sub(r"(?m)^http_port = \d+$", f"http_port = {self.port}", text)
        self.ini.write_text(re.sub(r"(?m)^courseplatform.plugins =$", " ".join([r"\g<0>", *plugins]), text))
        self.url = f"http://127.0.0.1:{self.port}"
        self.log = folder / "pserve.log"
        self.process: subprocess.Popen[bytes] | None = None
        self.environ = {k: v for k, v in os.environ.items() if k not in ("DATABASE_URL", "REDIS_URL")}

    def start(self) -> None:
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(self.command(), env=self.environ, stdout=log, stderr=log)
        until = time.monotonic() + START_TIMEOUT_S
        while True:
            try:
                requests.get(self.url + "/health/ready", timeout=2).raise_for_status()
                return
            except requests.RequestException:
                assert self.process.poll() is None and time.monotonic() < until, self.log.read_text()
                time.sleep(0.1)

    def command(self) -> list[Any]:
        """What starts it."""
        return [self.script("pserve"), self.ini]

    def stop(self) -> None:
        """SIGTERM, and wait."""
        if self.process is not None:
            self.process.terminate()
            self.process.wait(timeout=40)
            self.process = None

    @staticmethod
    def script(name: str) -> Path:
        return Path(sys.executable).with_name(name)

    def run(self, *command: Any, **kw: Any) -> str:
        """What a command prints on standard output, next to the running platform."""
        name, *rest = command
        done = subprocess.run(
            [self.script(name), *rest], env=self.environ, capture_output=True, text=True, timeout=120, **kw
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout


class Caller:
    """Someone who calls the platform over HTTP."""

    def __init__(self, platform: Platform, token: str | None = None) -> None:
        self.platform, self.session = platform, requests.Session()
        if token:
            self.session.headers["Authorization"] = f"Bearer {token}"

    def __call__(self, method: str, path: str, status: int, body: Any = None, **kw: Any) -> Any:
        """The JSON of an answer with this status (None for 204)."""
        response = self.session.request(method, self.platform.url + path, json=body, timeout=10, **kw)
        assert response.status_code == status, f"{method} {path}: {response.status_code} {response.text}"
        self.etag = response.headers.get("ETag")
        return response.json() if response.content and "json" in response.headers["Content-Type"] else response.content

    def sign_in(self, username: str, password: str) -> "Caller":
        tokens = self("POST", "/api/auth/login/", 200, {"username": username, "password": password})
        return Caller(self.platform, tokens["access_token"])
