"""What the platform wrote: the ``.eml`` files of a test."""

import re
from email import message_from_bytes, policy
from email.message import EmailMessage
from urllib.parse import parse_qs, urlsplit

from courseplatform.testing import Client


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
