"""``courseplatform new-plugin NAME``: a plugin to begin with, small and working, with its tests.

``template/`` is that plugin. It is called ``newplugin_name`` (in addresses ``newplugin-name``) until it is given its
name; else it is written as it lies there, so what lies there is read and formatted like everything else.
"""

import re
from importlib.metadata import entry_points
from importlib.util import find_spec
from keyword import iskeyword
from pathlib import Path

import click

TEMPLATE = Path(__file__).with_name("template")
PLACEHOLDER = "newplugin_name"
#: Lines of the template stay short enough with such a name, and so do the names of constraints in PostgreSQL.
MAX_NAME_CHARS = 30
#: Left behind by whoever has read the template as Python.
LITTER = ("__pycache__", ".pyc", ".egg-info", "_cache")


@click.command("new-plugin")
@click.argument("name")
@click.option(
    "--into", type=click.Path(file_okay=False), default=".", help="Where to make the folder NAME; made if missing."
)
def new_plugin(name: str, into: str) -> None:
    """Write a small working plugin, with its tests, into the new folder NAME."""
    folder = Path(into) / name
    fault = fault_of(name) or (f"{folder} is there already" if folder.exists() else None)
    if fault:
        raise click.ClickException(fault)
    try:
        write(name, folder)
    except OSError as error:
        raise click.ClickException(f"{folder} can't be written: {error.strerror}") from error
    click.echo(f'{folder} is written. Next:\n  cd {folder}\n  pip install -e ".[dev]"\n  pytest')


def fault_of(name: str) -> str | None:
    """Why no plugin can have this name; None if one can."""
    if not re.fullmatch(r"[a-z][a-z0-9]*(_[a-z0-9]+)*", name) or iskeyword(name):
        return f"{name!r} is no name for a package: small letters, digits and single underscores, a letter first"
    if len(name) > MAX_NAME_CHARS:
        return f"{name!r} has more than {MAX_NAME_CHARS} characters"
    if name in ("tests", PLACEHOLDER) or find_spec(name) or entry_points(group="courseplatform.plugins", name=name):
        return f"{name!r} is taken: something of this name is installed"
    return None


def write(name: str, folder: Path) -> None:
    """The template under its new name. Nothing in ``folder`` is overwritten. Raises: FileExistsError."""
    folder.mkdir(parents=True)
    for source in sorted(path for path in TEMPLATE.rglob("*") if path.is_file()):
        place = str(source.relative_to(TEMPLATE))
        if not any(word in place for word in LITTER):
            target = folder / named(place, name)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(named(source.read_text(encoding="utf-8"), name), encoding="utf-8")


def named(text: str, name: str) -> str:
    dashed = PLACEHOLDER.replace("_", "-")
    return text.replace(PLACEHOLDER, name).replace(dashed, name.replace("_", "-"))
