"""``courseplatform verify-receipt``: needs the receipt and the published keys, no platform and no database."""

from pathlib import Path
from typing import Any

import click

from plugins.accounts.api import (
    Unverifiable,
    did_of,
    fetch,
    plain,
    read,
    read_jws,
    read_keys,
    read_object,
    verdict,
    verify_jws,
)

from .receipts import RECEIPT_TYPE, sha256

PATH = click.Path(exists=True, dir_okay=False)


@click.command("verify-receipt")
@click.argument("file", type=PATH)
@click.option("--keys", help="The published keys, a file or an address; else the issuer's own address is asked.")
@click.option("--text", "text_file", type=PATH, help="The text as it was handed in: is it the receipt's?")
@click.option("--work", "work_file", type=PATH, help="The file as it was handed in: is it the receipt's?")
def verify_receipt(file: str, keys: str | None, text_file: str | None, work_file: str | None) -> None:
    """Whether a receipt of handed-in work is genuine, and what it says.

    Exit code 0: yes; 1: no, or it can't be told.
    """
    with verdict():
        claims = verified_claims(read(file), keys)
        told = report(claims)
        for given, name in ((text_file, "text_sha256"), (work_file, "file_sha256")):
            if given and sha256(Path(given).read_bytes()) != claims[name]:
                raise Unverifiable(f"{given} is not what was handed in")
        click.echo("\n  ".join(["VALID", *map(plain, told)]))


def verified_claims(content: bytes, keys: str | None) -> dict[str, Any]:
    """What a receipt says: the answer of ``…/receipt/``, or its ``jws`` alone. Raises: Unverifiable."""
    text = content.decode(errors="replace").strip()
    shown = read_object(content, "the file") if text.startswith("{") else {"jws": text}
    token = str(shown.pop("jws", ""))
    kid, claims = read_jws(token, RECEIPT_TYPE)
    issuer = str(claims.get("iss"))
    published = read_keys(read(keys) if keys else fetch(f"{issuer}/.well-known/jwks.json"))
    verify_jws(token, published.key(kid, did=did_of(issuer)))
    if shown and shown != claims:
        raise Unverifiable("what it shows is not what was signed")
    return claims


def report(claims: dict[str, Any]) -> list[str]:
    """Sentences. Raises: Unverifiable for claims of a form that we never signed."""
    try:
        deadline = claims["deadline"]
        timeliness = "late" if claims["is_late"] else "in time"
        return [
            f"{claims['iss']} received attempt {claims['attempt']} at {claims['received_at']}, {timeliness}",
            f"due then: {deadline['due_at'] or 'never'}; locked then: {deadline['lock_at'] or 'never'}",
            f"submission {claims['submission_id']} of student {claims['student_id']}",
            f"assignment {claims['assignment_id']}",
            f"sha256 of the text: {claims['text_sha256']}",
            f"sha256 of the file: {claims['file_sha256'] or 'there was none'}",
        ]
    except (KeyError, TypeError) as error:
        raise Unverifiable("it is no receipt of this form") from error
