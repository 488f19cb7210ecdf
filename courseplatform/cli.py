"""``courseplatform COMMAND …``: the one command line.

Plugins add commands with ``add_command``; those take an ini file and are there when one is named. What needs no
platform, only what one has published, is an entry point of the group ``courseplatform.commands``: it is always there.
"""

import sys
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import Any

import click
from pyramid.config import Configurator


class Commands(click.Group):
    """Core's commands, those that are installed, and those of the plugins that the ini file names."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted({*super().list_commands(ctx), *installed_commands(), *plugin_commands()})

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        installed = installed_commands().get(name)
        return super().get_command(ctx, name) or (installed.load() if installed else plugin_commands().get(name))


def installed_commands() -> dict[str, EntryPoint]:
    """Click commands that run anywhere, without an ini file and without a database."""
    return {entry_point.name: entry_point for entry_point in entry_points(group="courseplatform.commands")}


def plugin_commands() -> dict[str, click.Command]:
    """The commands of the platform that the command line names an ini file of; none without one."""
    ini = next((argument for argument in sys.argv[1:] if argument.endswith(".ini")), None)
    if ini and not Path(ini).is_file():
        raise click.UsageError(f"There is no file {ini}.")
    return load(ini).registry["commands"] if ini else {}


def load(ini: str) -> Any:
    """The application of an ini file, made once. Raises: SystemExit with all that is wrong with its configuration."""
    from pyramid.paster import get_app, setup_logging

    context = click.get_current_context().find_root()
    if context.obj is None:
        setup_logging(ini)
        context.obj = get_app(ini)
    return context.obj


@click.group(cls=Commands)
def main() -> None:
    """Run the course platform. Most commands take an ini file; with one, --help shows the plugins' commands too."""


@main.command()
@click.argument("ini", type=click.Path(exists=True, dir_okay=False))
@click.option("--to", "revision", default="heads", help="A revision; 'heads' is the newest.")
@click.option("--down", is_flag=True, help="Go down to --to instead of up.")
def migrate(ini: str, revision: str, down: bool) -> None:
    """Bring the database's schema up to date."""
    from . import migrations

    url = database_url(ini)
    if url is None:
        raise click.ClickException("database.url is not set: name it in the ini file or as DATABASE_URL")
    if down:
        migrations.downgrade(url, revision)
    else:
        migrations.migrate(url, revision)
    click.echo(f"The schema is at {', '.join(migrations.current(url)) or 'base'}.")


def database_url(ini: str) -> str | None:
    """The database of an ini file, before any application is made (its schema may be too old for one)."""
    from pyramid.paster import get_appsettings
    from pyramid.settings import asbool

    from . import embedded
    from .settings import raw

    settings = get_appsettings(ini)
    if asbool(raw(settings, "courseplatform.embedded")):
        return embedded.database_url(settings)
    return raw(settings, "database.url", "DATABASE_URL")


def add_command(config: Configurator, command: Any) -> None:
    """Add a click command; its first argument is the ini file, the root context's ``obj`` is the application."""
    command = config.maybe_dotted(command)
    config.action(("command", command.name), lambda: config.registry["commands"].update({command.name: command}))


def includeme(config: Configurator) -> None:
    config.registry["commands"] = {}
    config.add_directive("add_command", add_command)
