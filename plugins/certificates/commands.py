"""``courseplatform verify-certificate``: needs the file and the published keys, no platform and no database."""

from collections.abc import Callable
from datetime import UTC, datetime

import click

from plugins.accounts.api import Unreadable, fetch, keys_address, plain, read, read_keys, read_object, verdict

from .proofs import key_of_proof
from .verification import Verified, verify_credential


@click.command("verify-certificate")
@click.argument("file", type=click.Path(exists=True, dir_okay=False))
@click.option("--keys", help="The published keys, a file or an address; else the issuer's own address is asked.")
@click.option("--status", help="The status list, a file or an address; else the address in the certificate is asked.")
@click.option("--offline", is_flag=True, help="Ask nobody: what is not given is unknown.")
def verify_certificate(file: str, keys: str | None, status: str | None, offline: bool) -> None:
    """Whether a certificate is genuine and not revoked. Exit code 0: yes; 1: no, or it can't be told.

    It is valid, too, while nobody can be asked whether it was revoked: then the answer says so.
    """
    with verdict():
        document = read_object(read(file), "the file")
        ask = refuse if offline else fetch
        published = read_keys(read(keys) if keys else ask(keys_address(key_of_proof(document)[0])))
        found = verify_credential(document, published, list_reader(status, ask), datetime.now(UTC))
        click.echo("\n  ".join(["VALID", *map(plain, report(found))]))


def list_reader(status: str | None, ask: Callable[[str], bytes]) -> Callable[[str], bytes]:
    """How to come by a status list. One that was named has to be there."""
    content = read(status) if status else None
    return ask if content is None else lambda address: content


def refuse(address: str) -> bytes:
    """Raises: Unreadable."""
    raise Unreadable(f"{address} was not asked")


def report(found: Verified) -> list[str]:
    """Sentences."""
    return [
        f"{found.student_name} completed: {found.course_title}",
        f"taught by: {found.teacher_name}",
        f"issued {found.issued_at} by {found.issuer_name}, {found.issuer}",
        f"signed with the key {found.kid}",
        f"whether it was revoked since is unknown: {found.status_unknown}" if found.status_unknown else "not revoked",
    ]
