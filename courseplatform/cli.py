"""``courseplatform COMMAND …``: the one command line.

Plugins add commands with ``add_command``; those take an ini file and are there when one is named. What needs no
running platform, only what one has published or kept, is an entry point of the group ``courseplatform.commands``: it is
always there.
"""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import Any

import click
from pyramid.config import Configurator
from pyramid.exceptions import ConfigurationError

TABLE_IN_USE = (
    "Gave up by lock timeout: somebody has been using a table for longer than half a second, as a long transaction"
    " does, and the platform must not queue behind us. The revision at hand has changed nothing; run this again."
)


class Commands(click.Group):
    """Core's commands, those that are installed, and those of the plugins that the ini file names."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted({*super().list_commands(ctx), *installed_commands(), *plugin_commands()})

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        installed = installed_commands().get(name)
        return super().get_command(ctx, name) or (installed.load() if installed else plugin_commands().get(name))

    def resolve_command(self, ctx: click.Context, args: list[str]) -> Any:
        """A command of a plugin is not known before its ini file is."""
        try:
            return super().resolve_command(ctx, args)
        except click.UsageError as error:
            if any(argument.endswith(".ini") for argument in args):
                raise
            hint = "Most are there with an ini file only: courseplatform COMMAND production.ini"
            raise click.UsageError(f"{error.message} {hint}", ctx) from None

    def invoke(self, ctx: click.Context) -> Any:
        """A database that can't be reached ends any command with what PostgreSQL's own library says of it."""
        try:
            return super().invoke(ctx)
        except database_errors() as error:
            if error.orig is None or error.orig.pgcode is not None:  # it was reached
                raise
            raise click.ClickException(f"The database can't be reached: {str(error.orig).strip()}") from error


def database_errors() -> Any:
    """Asked for when something was raised: what loads no database needs none of this."""
    from sqlalchemy.exc import OperationalError

    return OperationalError


def installed_commands() -> dict[str, EntryPoint]:
    """Click commands that are there without an application."""
    return {entry_point.name: entry_point for entry_point in entry_points(group="courseplatform.commands")}


def plugin_commands() -> dict[str, click.Command]:
    """The commands of the platform that the command line names an ini file of; none without one."""
    ini = next((argument for argument in sys.argv[1:] if argument.endswith(".ini")), None)
    if ini and not Path(ini).is_file():
        raise click.UsageError(f"There is no file {ini}.")
    return load(ini).registry["commands"] if ini else {}


def load(ini: str) -> Any:
    """The application of an ini file, made once. Raises: SystemExit with all that is wrong with its configuration."""
    from pyramid.paster import get_app

    from .logs import start_logging

    context = click.get_current_context().find_root()
    if context.obj is None:
        start_logging(ini)
        context.obj = get_app(ini)
    return context.obj


@click.group(cls=Commands)
def main() -> None:
    """Run the course platform. Most commands take an ini file; with one, --help shows the plugins' commands too."""


@main.command()
@click.argument("ini", type=click.Path(exists=True, dir_okay=False))
@click.option("--processes", type=click.IntRange(1), help="How many; else `processes` of [server:main], or 1.")
def serve(ini: str, processes: int | None) -> None:
    """Serve. SIGTERM answers what has come and ends; SIGHUP replaces the processes, by the code that is there now."""
    from .server.options import options_of
    from .server.supervisor import Plan, Supervisor, child_command

    with told_plainly(ini):
        sys.exit(Supervisor(lambda: Plan(child_command(ini), options_of(ini, processes))).run())


@main.command()
@click.argument("ini", type=click.Path(exists=True, dir_okay=False))
@click.option("--to", "target", default="heads", help="A revision of core, or PLUGIN@REVISION; 'heads' is the newest.")
@click.option("--down", is_flag=True, help="Go down to --to instead of up.")
@click.option("--remove", metavar="PLUGIN", help="Take the tables of a plugin away, with all that they hold.")
@click.option("--yes", is_flag=True, help="Do not ask before --remove.")
def migrate(ini: str, target: str, down: bool, remove: str | None, yes: bool) -> None:
    """Bring the tables of core and of all plugins that are on up to date; with --to, only the history that it names."""
    with told_plainly(ini):
        if remove:
            remove_plugin(ini, remove, yes)
        else:
            move_schema(ini, target, down)


def move_schema(ini: str, target: str, is_down: bool) -> None:
    """Raises: MigrationError."""
    from . import migrations
    from .histories import CORE

    url, histories = platform_histories(ini)
    name, _, revision = target.rpartition("@")
    if name or is_down or target != "heads":
        history = find_history(histories, name) if name else CORE
        (migrations.downgrade if is_down else migrations.migrate)(url, revision, history)
    else:
        migrations.migrate_all(url, histories)
    click.echo(f"The schema is at {', '.join(migrations.current(url)) or 'base'}.")
    for history in histories:
        click.echo(f"{history.name} is at {', '.join(migrations.current(url, history)) or 'base'}.")
    for sentence in migrations.forgotten(url, histories):
        click.echo(sentence)


def remove_plugin(ini: str, name: str, is_sure: bool) -> None:
    """``migrate --remove``: works whatever is on, and if the platform could not start. Raises: MigrationError."""
    from . import migrations

    url = database_url(ini)
    if url is None:
        raise click.ClickException("database.url is not set: name it in the ini file or as DATABASE_URL")
    history, record = migrations.removable(url, name)
    tables = ", ".join(record.tables) or "none"
    if not is_sure:
        is_on = ""
        if plugin_is_on(ini, history.name):
            is_on = (
                f"{history.name} is still on: until it is off, what needs its tables fails, or finds new, empty ones.\n"
            )
        click.confirm(f"{is_on}Take away {history.name} with all that its tables hold ({tables})?", abort=True)
    tables = ", ".join(migrations.remove(url, history)) or "none"
    click.echo(f"{history.name} is removed. Its tables were: {tables}. While it is on, `migrate` makes them anew.")


def plugin_is_on(ini: str, name: str) -> bool:
    """Whether the ini file's platform has it on, named or included; one that does not start is taken to have it off."""
    try:
        return any(history.name == name for history in platform_histories(ini)[1])
    except ConfigurationError:
        return False


@main.command()
@click.argument("ini", type=click.Path(exists=True, dir_okay=False))
@click.argument("plugin")
@click.argument("message")
@click.option("--empty", "is_empty", is_flag=True, help="Compare nothing: a revision to be filled by hand.")
def new_migration(ini: str, plugin: str, message: str, is_empty: bool) -> None:
    """Write how the models of a plugin differ from its tables into its folder, as a revision."""
    from . import migrations

    with told_plainly(ini):
        url, histories = platform_histories(ini)
        written = migrations.new_revision(url, find_history(histories, plugin), message, is_empty)
    if written is None:
        click.echo(f"The models of {plugin} and its tables agree: nothing to write.")
    else:
        click.echo(f"{written} is written. Read it; `courseplatform migrate {ini}` runs it.")


@contextmanager
def told_plainly(ini: str) -> Iterator[None]:
    """Migrations that can't be done, or not now, and faults of the configuration, end the command with a sentence."""
    from sqlalchemy.exc import DBAPIError

    from .locks import is_lock_timeout
    from .logs import start_logging
    from .migrations import MigrationError

    start_logging(ini)
    try:
        yield
    except (MigrationError, ConfigurationError) as error:
        raise click.ClickException(str(error)) from error
    except DBAPIError as error:
        if not is_lock_timeout(error):
            raise
        raise click.ClickException(TABLE_IN_USE) from error


def platform_histories(ini: str) -> tuple[str, list[Any]]:
    """The database of an ini file, and the histories of the plugins that are on. Nothing is asked of the database."""
    from pyramid.paster import get_appsettings

    from . import configure
    from .db import direct_url

    registry = configure(get_appsettings(ini)).registry
    registry["db.engine"].dispose()
    return direct_url(registry.settings), registry["migrations"]


def find_history(histories: list[Any], name: str) -> Any:
    """Raises: click.ClickException."""
    from .histories import plugin_name

    for history in histories:
        if history.name == plugin_name(name):
            return history
    names = ", ".join(history.name for history in histories) or "none"
    raise click.ClickException(f"{name} is not on, or adds no migrations. Plugins that do: {names}.")


def database_url(ini: str) -> str | None:
    """The database of an ini file, before any application is made (its schema may be too old for one)."""
    from pyramid.paster import get_appsettings
    from pyramid.settings import asbool

    from . import embedded
    from .settings import raw

    settings = get_appsettings(ini)
    if asbool(raw(settings, "courseplatform.embedded")):
        return embedded.database_url(settings)
    return raw(settings, "database.direct_url", "DATABASE_DIRECT_URL") or raw(settings, "database.url", "DATABASE_URL")


def add_command(config: Configurator, command: Any) -> None:
    """Add a click command; its first argument is the ini file, the root context's ``obj`` is the application."""
    command = config.maybe_dotted(command)
    config.action(("command", command.name), lambda: config.registry["commands"].update({command.name: command}))


def includeme(config: Configurator) -> None:
    config.registry["commands"] = {}
    config.add_directive("add_command", add_command)
