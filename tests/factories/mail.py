"""What the platform wrote: the ``.eml`` files of a test."""

import re
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any
from urllib.parse import parse_qs, urlsplit

from courseplatform.testing import Client
from tests.factories.accounts import Actor

ME = "/api/users/me/"
LOGIN = "/api/auth/login/"
VERIFY, RESET, CHANGE = (f"/api/auth/{action}/" for action in ("email-verification", "password-reset", "email-change"))
PASSWORD_CHANGE = "/api/auth/password-change/"
NEW = "a fresh secret phrase"


class Mailbox:
    """Everybody's mail. ``read()`` runs the jobs and gives what came since the last time."""

    def __init__(self, client: Client) -> None:
        self.client, self.folder = client, client.registry["mailer"].folder
        self.seen = {path.name for path in self.folder.glob("*")}

    def read(self) -> list[EmailMessage]:
        self.client.run_jobs()
        new = sorted(path for path in self.folder.glob("*") if path.name not in self.seen)
        self.seen |= {path.name for path in new}
        return [message_from_bytes(path.read_bytes(), policy=policy.default) for path in new]

    def token(self, to: str) -> str:
        """The token of the one link that was mailed to this address since the last time."""
        (link,) = [link for mail in self.read() if mail["To"] == to for link in links(mail)]
        return parse_qs(urlsplit(link).query)["token"][0]


def links(mail: EmailMessage) -> list[str]:
    return re.findall(r"https?://\S+", mail.get_content())


def address(actor: Actor) -> str:
    return actor.get(ME).json["email"]


def ask_reset(client: Client, mailbox: Mailbox, email: str) -> str:
    client.post(RESET, {"email": email}, status=202)
    return mailbox.token(email)


def refused(answer: Any) -> bool:
    return (answer.status_int, answer.json["code"]) == (409, "invalid_token_link")


def confirm(client: Client, action: str, token: str, status: int = 204) -> Any:
    body = {"token": token, "password": NEW} if action == RESET else {"token": token}
    return client.post(f"{action}confirm/", body, status=status)


def link_of(client: Client, mailbox: Mailbox, student: Actor, action: str) -> str:
    """A token for one of the three purposes."""
    if action == CHANGE:
        student.patch(ME, {"email": "new@example.com"})
        return mailbox.token("new@example.com")
    if action == RESET:
        return ask_reset(client, mailbox, address(student))
    student.post(VERIFY, status=202)
    return mailbox.token(address(student))
