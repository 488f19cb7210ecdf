"""``courseplatform demo``."""

from typing import Any

import click

from courseplatform.api import run_due_jobs, script_request
from plugins.accounts.api import find_by_login

from .content import ADMIN, PASSWORD, STUDENTS, TEACHERS
from .world import build


@click.command("demo")
@click.argument("ini", type=click.Path(exists=True, dir_okay=False))
@click.pass_context
def demo(ctx: click.Context, ini: str) -> None:
    """Fill the platform with a believable world. Safe to repeat: a world that is there is left alone."""
    registry = ctx.find_root().obj.registry
    url = registry.settings["http.base_url"]
    with script_request(registry) as request:
        is_new = find_by_login(request, ADMIN.username) is None
        if is_new:
            build(request, tell)  # one transaction: a world that breaks off leaves nothing behind
    if is_new:
        finish_jobs(registry)
    else:
        tell("The demo world is there already.")
    click.echo("Sign in with any of these; the password is the same for all:")
    for role, person in (("admin", ADMIN), ("teacher", TEACHERS[0]), ("student", STUDENTS[0])):
        click.echo(f"  {role:8} {person.username:16} {PASSWORD}")
    click.echo("Try:")
    click.echo(
        f"  curl -s -X POST {url}/api/auth/login/ -H 'Content-Type: application/json' "
        f"""-d '{{"username": "{STUDENTS[0].username}", "password": "{PASSWORD}"}}'"""
    )
    click.echo(f"  curl -s '{url}/api/courses/?expand=teacher'")


def finish_jobs(registry: Any) -> None:
    """Do the background work that the world has caused; a running platform may help."""
    done = 0
    tell("Sending notifications and issuing certificates …")
    while ran := run_due_jobs(registry, at_most=200):
        done += ran
        tell(f"  {done} done …")


def tell(line: str) -> None:
    """Progress goes to standard error, so that the output can be piped."""
    click.echo(line, err=True)
