"""``courseplatform create-admin`` and ``rotate-keys``."""

import click
import colander

from courseplatform.api import Invalid, script_request

from .keys import rotate_keys
from .operations import register


@click.command("create-admin")
@click.argument("ini", type=click.Path(exists=True, dir_okay=False))
@click.option("--username", prompt=True)
@click.option("--email", prompt=True)
@click.option("--password", prompt=True, hide_input=True, confirmation_prompt=True)
@click.pass_context
def create_admin(ctx: click.Context, ini: str, username: str, email: str, password: str) -> None:
    """Make an administrator; asks for what is not given."""
    from sqlalchemy.exc import IntegrityError

    from .schemas import Registration

    given = {"username": username, "email": email, "password": password}
    try:
        values = Registration().deserialize(given)
        with script_request(ctx.find_root().obj.registry) as request:
            user = register(request, **values, role="admin")
            user.email_verified_at = request.now
    except Invalid as error:
        raise click.ClickException("; ".join(f"{fault.name} {fault.detail}" for fault in error.errors)) from error
    except colander.Invalid as error:
        told = "; ".join(f"{name} {detail}" for name, detail in error.asdict().items())
        raise click.ClickException(told) from error
    except IntegrityError as error:
        raise click.ClickException("the username or e-mail address is taken") from error
    click.echo(f"Administrator {username} can sign in at POST /api/auth/login/.")


@click.command("rotate-keys")
@click.argument("ini", type=click.Path(exists=True, dir_okay=False))
@click.option("--emergency", is_flag=True, help="Destroy the old keys: every access token is refused from now on.")
@click.pass_context
def rotate_signing_keys(ctx: click.Context, ini: str, emergency: bool) -> None:
    """Sign tokens with new keys; the old ones verify until the last token that they signed has expired."""
    with script_request(ctx.find_root().obj.registry) as request:
        rotate_keys(request, is_emergency=emergency)
    click.echo(
        "New keys sign. Every access token is refused; refresh tokens still work."
        if emergency
        else "New keys sign. Tokens that are out stay valid until they expire."
    )
