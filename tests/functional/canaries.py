"""Secrets, planted or handed out, and where they have left a trace."""

import base64
import binascii
import json
from collections import defaultdict
from typing import Any
from urllib.parse import quote

import redis
import requests
import sqlalchemy as sa

from tests.functional.gateway import METRICS_TOKEN
from tests.functional.watched import Watched

#: What tables hold in the clear, since it is needed so; nothing else may have it.
IN_TABLES = ("e-mail address", "address of a webhook")


class Canaries:
    """``secrets``: name → secret. ``answers`` are the bodies of errors, each with what was sent for it."""

    def __init__(self, platform: Watched) -> None:
        self.platform, self.secrets, self.answers = platform, {}, []  # type: ignore[var-annotated]

    def plant(self, name: str, secret: str) -> str:
        """Watch for a secret from now on."""
        assert len(secret) >= 8, name
        self.secrets[name] = secret
        return secret

    def send(self, method: str, path: str, status: int | None = None, **kw: Any) -> requests.Response:
        """A request, whose answer is kept if it is an error."""
        kw.setdefault("timeout", 20)
        answer = requests.request(method, self.platform.url + path, allow_redirects=False, **kw)
        if status is not None:
            assert answer.status_code == status, f"{method} {path}: {answer.status_code} {answer.text}"
        if answer.status_code >= 400:
            self.answers.append(answer.text + json.dumps(dict(answer.headers)))
        return answer

    def traces(self) -> dict[str, list[str]]:
        """Place → the names of the secrets that are found there."""
        places = {
            "log": self.platform.log.read_text(),
            "errors": "\n".join(self.answers),
            "metrics": self.metrics(),
            "redis": self.redis(),
            **{f"table {name}": rows for name, rows in self.tables().items()},
        }
        found = defaultdict(list)
        for name, secret in self.secrets.items():
            for place, text in places.items():
                if name.startswith(IN_TABLES) and place.startswith("table ") and place != "table outbox":
                    continue
                if any(form in text for form in forms(secret)):
                    found[place].append(name)
        return dict(found)

    def metrics(self) -> str:
        headers = {"Authorization": f"Bearer {METRICS_TOKEN}"}
        return requests.get(self.platform.url + "/metrics", headers=headers, timeout=20).text

    def redis(self) -> str:
        """Every key with all that it holds, serialized as Redis itself does, and not compressed."""
        with redis.Redis.from_url(self.platform.redis.url) as client:
            client.config_set("rdbcompression", "no")
            return "\n".join(f"{key!r} {client.dump(key)!r}" for key in client.keys("*"))

    def tables(self) -> dict[str, str]:
        with self.platform.engine.connect() as connection:
            names = connection.scalars(sa.text("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")).all()
            return {
                name: "\n".join(connection.scalars(sa.text(f'SELECT t::text FROM "{name}" t')).all()) for name in names
            }


def forms(secret: str) -> set[str]:
    """As which it could be written: plain, in an address, in JSON, in base64, and as bytes of PostgreSQL."""
    raw = secret.encode()
    whole = len(raw) // 3 * 3
    encoded = [base64.b64encode(raw[:whole]), base64.urlsafe_b64encode(raw[:whole]), binascii.hexlify(raw)]
    return {secret, quote(secret), quote(secret, safe=""), json.dumps(secret)[1:-1], *(one.decode() for one in encoded)}
