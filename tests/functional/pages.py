"""The code blocks of a page of ``docs/``, for tests that do what it says."""

import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
FILE = re.compile(r"# (\S+\.(?:py|ini))\n")


@dataclass(frozen=True)
class Block:
    """``file``: the path in its first line, if it is a whole file."""

    language: str
    text: str

    @property
    def file(self) -> str | None:
        named = FILE.match(self.text)
        return named and named[1]

    def write(self, folder: Path) -> None:
        assert self.file is not None
        path = folder / self.file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(self.text.partition("\n")[2])


def page(name: str) -> str:
    return (ROOT / "docs" / name).read_text()


def blocks(text: str) -> list[Block]:
    return [Block(*found.groups()) for found in BLOCK.finditer(text)]


def environment(folder: Path, **more: str) -> dict[str, str]:
    """A terminal in which the virtual environment is on, and what lies in ``folder`` is installed."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("COURSEPLATFORM_", "DATABASE_", "REDIS_"))}
    path = os.pathsep.join([str(Path(sys.executable).parent), kept.get("PATH", "")])
    found = os.pathsep.join([str(folder), str(ROOT)])
    cache = str(ROOT / ".mypy_cache/pages")  # what it knows of core and libraries is the same each time
    return {**kept, "PATH": path, "PYTHONPATH": found, "MYPY_CACHE_DIR": cache, **more}


def typed(folder: Path, commands: str, **environ: str) -> str:
    """What commands print that are typed into a terminal in ``folder``; the first one that fails ends the test."""
    line = ["bash", "-euo", "pipefail", "-c", commands]
    done = subprocess.run(
        line, cwd=folder, env=environment(folder, **environ), capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, commands + done.stdout + done.stderr
    return done.stdout
