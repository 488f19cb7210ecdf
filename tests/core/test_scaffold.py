"""``courseplatform new-plugin``: what it writes is installed, tested, read and checked as its author would."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from courseplatform.scaffold import MAX_NAME_CHARS, new_plugin

ROOT = Path(__file__).resolve().parents[2]
LONGEST = "a" * MAX_NAME_CHARS


def written(into: Path, name: str = "acme_notes") -> Path:
    done = CliRunner().invoke(new_plugin, [name, "--into", str(into)])
    assert done.exit_code == 0, done.output
    return into / name


def run(folder: Path, *command: object, **environ: str) -> "subprocess.CompletedProcess[str]":
    """A command of this virtual environment, in the plugin's folder."""
    program, *arguments = map(str, command)
    return subprocess.run(
        [Path(sys.executable).with_name(program), *arguments],
        cwd=folder,
        env={**os.environ, **environ},
        capture_output=True,
        text=True,
        timeout=120,
    )


def test_a_new_plugin_is_installed_found_by_its_entry_point_and_passes_its_tests(
    tmp_path: Path, server_url: str
) -> None:
    folder, site = written(tmp_path), tmp_path / "site"
    offline = ("--no-deps", "--no-index", "--no-build-isolation", "--target", site)
    installed = run(folder, "pip", "install", "--quiet", *offline, folder)
    assert installed.returncode == 0, installed.stderr
    assert (site / "acme_notes").is_dir()
    (folder / "acme_notes").rename(tmp_path / "source")  # so that nothing but the installed one is found
    found = os.pathsep.join(map(str, (site, ROOT)))
    tested = run(folder, "pytest", "-q", "-p", "no:cacheprovider", PYTHONPATH=found, DATABASE_URL=server_url)
    assert tested.returncode == 0, tested.stdout + tested.stderr
    assert "6 passed" in tested.stdout
    matrix = (ROOT / "tests/contracts/test_permissions.py", "--rootdir", ROOT, "-c", ROOT / "pyproject.toml", "-n", "0")
    own = ("--with-plugin", "acme_notes", "-k", "acme or every_view", "-p", "no:cacheprovider", "-q")
    tested = run(ROOT, "pytest", *matrix, *own, PYTHONPATH=found, DATABASE_URL=server_url)
    assert "15 passed" in tested.stdout, tested.stdout + tested.stderr


def test_a_new_plugin_is_formatted_whatever_its_name(tmp_path: Path) -> None:
    for folder in (written(tmp_path, "a"), written(tmp_path, LONGEST)):
        for command in (("check",), ("format", "--check")):
            done = run(folder, "ruff", *command, "--no-cache", ".")
            assert done.returncode == 0, done.stdout


def editable(tmp_path: Path) -> Path:
    """The Python of an environment that has the platform by ``pip install -e``, as the README says, and all else."""
    made = tmp_path / "venv"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", made], check=True)
    (site,) = made.glob("lib/python*/site-packages")
    (site / "others.pth").write_text("\n".join(path for path in sys.path if "-packages" in path))
    offline = ("--no-deps", "--no-index", "--no-build-isolation")
    pip = [sys.executable, "-m", "pip", "--python", made / "bin/python"]
    subprocess.run([*pip, "install", "--quiet", *offline, "-e", ROOT], check=True)
    return made / "bin/python"


def checked(folder: Path, python: Path) -> list[str]:
    """What mypy prints there."""
    command = [python, "-W", "ignore", "-m", "mypy", "--no-color-output"]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=120).stdout.splitlines()


def test_a_new_plugin_is_typed_and_finds_out_when_it_calls_the_platform_wrongly(tmp_path: Path) -> None:
    folder = written(tmp_path)
    with (folder / "acme_notes/views.py").open("a") as views:
        views.write(
            "\n\ndef wrong(request: Request) -> None:\n    request.emit(request.now)\n    request.represent()\n"
        )
    with (folder / "acme_notes/operations.py").open("a") as operations:
        operations.write("\n\nfrom plugins.courses.api import staff_principals\n\nstaff_principals()\n")
    with (folder / "acme_notes/__init__.py").open("a") as init:
        init.write("    config.add_setting(1)\n")
    *errors, _ = checked(folder, editable(tmp_path))
    assert [error.rpartition("[")[2] for error in errors] == ["arg-type]", "call-arg]", "arg-type]", "call-arg]"], (
        errors
    )


@pytest.mark.parametrize(
    "name", ["class", "1a", "Acme", "acme-notes", "a__b", "a_", "../a", "os", "tests", "plugins", "a" * 31, "новый"]
)
def test_a_name_that_can_be_no_plugins_is_refused(name: str, tmp_path: Path) -> None:
    done = CliRunner().invoke(new_plugin, [name, "--into", str(tmp_path)])
    assert done.exit_code == 1
    assert done.output.startswith("Error: ")
    assert list(tmp_path.iterdir()) == []


def test_what_is_there_already_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "acme_notes").mkdir()
    done = CliRunner().invoke(new_plugin, ["acme_notes", "--into", str(tmp_path)])
    assert (done.exit_code, list((tmp_path / "acme_notes").iterdir())) == (1, [])


def test_a_folder_to_write_into_is_made_and_one_that_cannot_be_is_told(tmp_path: Path) -> None:
    assert (written(tmp_path / "new" / "folder") / "pyproject.toml").is_file()
    (tmp_path / "file").touch()
    done = CliRunner().invoke(new_plugin, ["acme_notes", "--into", str(tmp_path / "file" / "x")])
    assert done.exit_code == 1
    assert "acme_notes can't be written: Not a directory" in done.output


def test_nothing_of_the_template_keeps_its_name(tmp_path: Path) -> None:
    files = [path for path in written(tmp_path).rglob("*") if path.is_file()]
    assert len(files) > 10
    assert not any("newplugin" in str(path) or "newplugin" in path.read_text() for path in files)
