"""The platform as it runs in production, and the real nginx in front of it with the files of ``deploy/nginx``."""

import json
import os
import re
import shutil
import socket
import ssl
import subprocess
import time
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import requests
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from requests.adapters import HTTPAdapter

from tests.functional.platform import ROOT, Platform, free_port

NGINX = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")
SECRET = "kY3r0m5Qx8TzN1vBc7LwJ2hGf9DsA4pE"
#: What Prometheus would send.
METRICS_TOKEN = "mZ4q9Lw2Xc6Vb8Nr1Td5Hk7Js3Gf0PaE"


class Production(Platform):
    """``pserve production.ini``, which believes what a proxy on this machine says of clients."""

    def __init__(self, folder: Path, database_url: str, **variables: str) -> None:
        self.folder, self.ini, self.port, self.var_dir = folder, folder / "production.ini", free_port(), folder / "var"
        trust = "trusted_proxy = 127.0.0.1\ntrusted_proxy_headers = x-forwarded-for x-forwarded-proto"
        text = (ROOT / "production.ini").read_text()
        self.ini.write_text(re.sub(r"(?m)^port = \d+$", f"port = {self.port}\n{trust}", text))
        self.url = f"http://127.0.0.1:{self.port}"
        self.log = folder / "pserve.log"
        self.process = None
        self.environ = {
            **{name: value for name, value in os.environ.items() if name != "REDIS_URL"},
            "DATABASE_URL": database_url,
            "COURSEPLATFORM_ACCOUNTS_TOKEN_SECRET": SECRET,
            "COURSEPLATFORM_VAR_DIR": str(self.var_dir),
            "COURSEPLATFORM_HTTP_BASE_URL": "https://courses.test",
            "COURSEPLATFORM_MAIL_FOLDER": str(folder / "mail"),
            "COURSEPLATFORM_METRICS_TOKEN": METRICS_TOKEN,
            "COURSEPLATFORM_JOBS_IN_PROCESS": "true",  # else it wants Redis
            **variables,
        }


def make_certificate(folder: Path) -> None:
    """``fullchain.pem`` and ``privkey.pem`` of courses.test, signed by itself."""
    key, name = ec.generate_private_key(ec.SECP256R1()), x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "test")])
    names = x509.SubjectAlternativeName([x509.DNSName("courses.test"), x509.IPAddress(ip_address("127.0.0.1"))])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(names, critical=False)
        .sign(key, hashes.SHA256())
    )
    folder.mkdir()
    (folder / "fullchain.pem").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    told = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    (folder / "privkey.pem").write_bytes(key.private_bytes(*told))


class Nginx:
    """nginx on free ports. ``changes`` replaces words of the files, each of which has to be there."""

    def __init__(self, folder: Path, platform_port: int, var_dir: Path, **changes: str) -> None:
        self.folder, self.http_port, self.port = folder, free_port(), free_port()
        folder.mkdir()
        self.certificate = folder / "tls" / "fullchain.pem"
        make_certificate(folder / "tls")
        self.access_log, self.error_log = folder / "access.log", folder / "error.log"
        self.render({
            "server app:6543;": f"server 127.0.0.1:{platform_port};",
            "/etc/nginx/tls/": f"{folder}/tls/",
            "worker_processes auto;": "worker_processes 1;",  # whose idle connections can be counted
            "/var/log/nginx/": f"{folder}/",
            "listen 80 ": f"listen 127.0.0.1:{self.http_port} ",
            "listen 443 ": f"listen 127.0.0.1:{self.port} ",
            "/var/lib/courseplatform/files/": f"{var_dir}/files/",
            "server_tokens off;": "server_tokens off;" + "".join(
                f"{part}_temp_path {folder}/{part};" for part in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
            ),
            **changes,
        })  # fmt: skip
        self.url = f"https://127.0.0.1:{self.port}"
        self.process: subprocess.Popen[bytes] | None = None

    def render(self, changes: dict[str, str]) -> None:
        texts = {path.name: path.read_text() for path in (ROOT / "deploy" / "nginx").glob("*.conf")}
        for before, after in changes.items():
            assert any(before in text for text in texts.values()), before
            texts = {name: text.replace(before, after) for name, text in texts.items()}
        for name, text in texts.items():
            (self.folder / name).write_text(text)

    def start(self) -> None:
        user = "user root; " if os.getuid() == 0 else ""  # a test's folders are closed to others
        options = f"{user}daemon off; pid {self.folder}/nginx.pid;"
        command = [NGINX, "-c", self.folder / "nginx.conf", "-e", self.error_log, "-g", options]
        said = self.folder / "stderr.log"
        with said.open("wb") as log:
            self.process = subprocess.Popen([str(part) for part in command], stdout=log, stderr=log)
        until = time.monotonic() + 10
        while True:
            try:
                socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
                return
            except OSError:
                is_well = self.process.poll() is None and time.monotonic() < until
                assert is_well, said.read_text() + self.error_log.read_text()
                time.sleep(0.02)

    def stop(self) -> None:
        if self.process is not None:
            self.process.terminate()
            self.process.wait(timeout=10)
            self.process = None

    def lines(self) -> list[dict[str, Any]]:
        """Of the access log. A line is written when its request has been answered."""
        return [json.loads(line) for line in self.access_log.read_text().splitlines()]

    def line(self, request_id: str) -> dict[str, Any]:
        until = time.monotonic() + 5
        while not (found := [line for line in self.lines() if line["http.request.id"] == request_id]):
            assert time.monotonic() < until, "no such request in the log"
            time.sleep(0.02)
        return found[0]

    def caller(self, token: str | None = None, address: str = "127.0.0.1") -> "Browser":
        return Browser(self, token, address)

    def connect(self, **options: Any) -> ssl.SSLSocket:
        """A TLS connection to write to by hand."""
        context = ssl.create_default_context(cafile=str(self.certificate))
        for name, value in options.items():
            getattr(context, name)(value) if name.startswith("set_") else setattr(context, name, value)
        raw = socket.create_connection(("127.0.0.1", self.port), timeout=5)
        return context.wrap_socket(raw, server_hostname="courses.test")

    def send(self, *parts: bytes) -> bytes:
        """All that comes back of what is written by hand, until nginx closes."""
        with self.connect() as connection:
            for part in parts:
                connection.sendall(part)
            answer = b""
            while chunk := connection.recv(65536):
                answer += chunk
            return answer


class Browser(requests.Session):
    """Someone outside, at an address of this machine's own network."""

    def __init__(self, nginx: Nginx, token: str | None, address: str) -> None:
        super().__init__()
        self.nginx, self.trust_env, self.verify = nginx, False, str(nginx.certificate)
        self.headers["Host"] = "courses.test"
        if token:
            self.headers["Authorization"] = f"Bearer {token}"

        class From(HTTPAdapter):
            def init_poolmanager(self, *given: Any, **pool: Any) -> None:
                super().init_poolmanager(*given, source_address=(address, 0), **pool)

        self.mount("https://", From())

    def request(self, method: str, path: str, **kw: Any) -> requests.Response:  # type: ignore[override]
        kw.setdefault("timeout", 10)
        return super().request(method, self.nginx.url + path, **kw)
