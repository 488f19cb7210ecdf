"""``courseplatform plugins``, ``tree`` and ``explain``."""

import json as jsonlib
from typing import Any
from urllib.parse import urlsplit

import click

from .explain import explain as explained
from .plugins import plugin_facts, plugin_lines
from .tree import tree_lines

ini = click.argument("ini", type=click.Path(exists=True, dir_okay=False))


def registry_of(context: click.Context) -> Any:
    return context.find_root().obj.registry


@click.command()
@ini
@click.option("--json", "is_json", is_flag=True, help="For programs.")
@click.option("--only", multiple=True, metavar="HEADING", help="Only what is under this heading; can be repeated.")
@click.pass_context
def plugins(context: click.Context, ini: str, is_json: bool, only: tuple[str, ...]) -> None:
    """What is on: each plugin's version, origin, and all that it has brought."""
    registry = registry_of(context)
    if is_json:
        click.echo(jsonlib.dumps(plugin_facts(registry), indent=2))
    else:
        click.echo("\n".join(plugin_lines(registry, only)).rstrip())


@click.command()
@ini
@click.pass_context
def tree(context: click.Context, ini: str) -> None:
    """The resource tree, with the permission of every method."""
    click.echo("\n".join(tree_lines(registry_of(context))))


@click.command()
@ini
@click.argument("method")
@click.argument("path")
@click.option("--as", "username", default="anonymous", show_default=True, help="A username.")
@click.pass_context
def explain(context: click.Context, ini: str, method: str, path: str, username: str) -> None:
    """Why a request is let in or refused: which line of which node's ACL decides. Nothing is run or written."""
    path = urlsplit(path)._replace(scheme="", netloc="").geturl()  # people paste whole addresses
    try:
        told = explained(registry_of(context), method, path, None if username == "anonymous" else username)
    except LookupError as error:
        raise click.ClickException(str(error)) from error
    click.echo("\n".join(told.lines))
