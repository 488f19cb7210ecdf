"""Systems that answer the same requests from the same tables, each as whoever likes its framework would write it.

They check what the platform checks: the token and the caller's row at each request, the whole path, who teaches and who
takes the course. They leave out what they would naturally leave out: with a submission no event, outbox or webhook row;
behind a token no session (``raw`` has one); of notifications preferences, e-mails and change numbers (``raw`` has the
last); with a published lesson the recheck of completions; problem+json, metrics, rate limits, request log, If-Match.

They run in an environment of their own, of ``requirements.txt``; nothing of it is needed by the platform.
"""

import hashlib
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from secrets import token_urlsafe

HERE = Path(__file__).parent
REQUIREMENTS = HERE / "requirements.txt"
#: Signs their tokens: every rival gives out its own.
SECRET = token_urlsafe(32)


@dataclass(frozen=True)
class Rival:
    """``arguments(port, processes)``: the program, of the rivals' environment, and what it is told; in ``folder``."""

    name: str
    folder: str
    arguments: Callable[[int, int], list[str]]

    def command(self, port: int, database_url: str, processes: int = 2) -> tuple[list[str], dict[str, str]]:
        """What to start, in ``HERE / folder``, and its environment's variables."""
        program, *rest = self.arguments(port, processes)
        variables = {
            "DATABASE_URL": database_url.replace("+psycopg2", "", 1),
            "PORT": str(port),
            "PROCESSES": str(processes),
            "SECRET_KEY": SECRET,
            "PYTHONDONTWRITEBYTECODE": "1",
        }
        kept = {name: value for name, value in os.environ.items() if name in ("PATH", "HOME", "LANG", "TMPDIR")}
        return [str(environment() / "bin" / program), *rest], {**kept, **variables}


RIVALS = (
    # gthread, for sync workers close the connection after each answer: with wrk that cost them a fifth more of a
    # processor for each request, and half of their throughput.
    Rival(
        "drf",
        "drf",
        lambda port, processes: [
            *("gunicorn", "school.wsgi", "--worker-class", "gthread", "--threads", "4"),
            *("--workers", str(processes), "--keep-alive", "75"),
            *("--bind", f"127.0.0.1:{port}", "--backlog", "2048", "--log-level", "warning"),
        ],
    ),
    Rival(
        "fastapi",
        "fastapi_async",
        lambda port, processes: [
            *("uvicorn", "app.main:app", "--host", "127.0.0.1", "--port", str(port), "--workers", str(processes)),
            *("--loop", "uvloop", "--http", "httptools", "--no-access-log", "--log-level", "warning"),
        ],
    ),
    Rival("raw", "raw", lambda port, processes: ["python", "-m", "server"]),
)


def environment() -> Path:
    """The rivals' own virtual environment, made when it is first needed; its name tells what is in it."""
    made_of = hashlib.sha256(REQUIREMENTS.read_bytes() + sys.version.encode()).hexdigest()[:12]
    folder = Path(os.environ.get("RIVALS_VENV") or HERE.parents[1] / "var" / f"rivals-{made_of}")
    if not (folder / "complete").exists():
        subprocess.run([sys.executable, "-m", "venv", folder], check=True)
        install = [folder / "bin" / "pip", "install", "--quiet", "--disable-pip-version-check", "-r", REQUIREMENTS]
        subprocess.run(install, check=True, stdout=sys.stderr)
        (folder / "complete").touch()
    return folder
