"""``deploy/systemd``, read by systemd itself, without starting anything."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.functional.platform import ROOT

ANALYZE = shutil.which("systemd-analyze")
FOLDER = ROOT / "deploy/systemd"
SERVICES = sorted(FOLDER.glob("*.service"))

pytestmark = pytest.mark.skipif(ANALYZE is None, reason="systemd is not installed")


@pytest.fixture
def units(tmp_path: Path) -> list[Path]:
    """The units, with their programs where they are here."""
    made = []
    for path in FOLDER.iterdir():
        text = path.read_text().replace("/opt/courseplatform/bin", str(Path(sys.executable).parent))
        (tmp_path / path.name).write_text(text)
        made.append(tmp_path / path.name)
    return made


def analyze(*arguments: object) -> "subprocess.CompletedProcess[str]":
    return subprocess.run([str(ANALYZE), *map(str, arguments)], capture_output=True, text=True, timeout=60)


def test_systemd_finds_no_fault(units: list[Path]) -> None:
    done = analyze("verify", "--man=no", "--recursive-errors=no", *units)
    names = "|".join(unit.name for unit in units)
    assert [line for line in done.stderr.splitlines() if re.search(names, line)] == []
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("unit", SERVICES, ids=lambda path: path.stem)
def test_every_service_is_hardened(unit: Path) -> None:
    """``systemd-analyze security``: from 0, nothing can be done, to 10, everything."""
    done = analyze("security", "--offline=true", "--threshold=20", "--no-pager", unit)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("unit", SERVICES, ids=lambda path: path.stem)
def test_every_service_gets_its_settings_alike(unit: Path) -> None:
    lines = unit.read_text().splitlines()
    assert "EnvironmentFile=/etc/courseplatform/environment" in lines
    (command,) = (line for line in lines if line.startswith("ExecStart="))
    assert command.startswith("ExecStart=/opt/courseplatform/bin/courseplatform ")
    assert "/opt/courseplatform/production.ini" in command.split()
