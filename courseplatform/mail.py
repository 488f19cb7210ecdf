"""Mail: ``request.send_mail`` gives one message to a mail server, or writes it to a folder where there is none.

A job calls it, never a request of the web. A job's effects in the database happen exactly once; a mail may go out twice
if the worker dies between the mail server's answer and the commit, and never goes missing.
"""

import os
import re
import smtplib
import ssl
from collections.abc import Iterable, Mapping
from contextlib import closing, suppress
from dataclasses import dataclass
from datetime import datetime
from email import policy
from email.errors import MessageError
from email.message import EmailMessage
from email.utils import format_datetime, make_msgid
from pathlib import Path
from typing import Any, Protocol

from pyramid.config import Configurator
from pyramid.request import Request
from pyramid.settings import asbool
from uuid_utils.compat import uuid7

from .outbound import Deadline
from .settings import positive_int, raw

PORTS = {"none": 25, "starttls": 587, "tls": 465}
BARE_ADDRESS = re.compile(r"[^\x00-\x20\s@,;:<>()\[\]\\\"]+@[^\x00-\x20\s@,;:<>()\[\]\\\"]+")
#: Who writes to the folder.
NOBODY = "courseplatform@localhost"
#: A delivery happens inside a transaction, which PostgreSQL ends after 15 idle seconds.
MAX_TIMEOUT_S = 12


class Mailer(Protocol):
    def send(self, message: EmailMessage, sent_at: datetime) -> None:
        """Deliver, or raise."""


@dataclass(frozen=True)
class SmtpMailer:
    """One connection a message; the whole delivery takes ``timeout_s`` at most."""

    host: str
    port: int
    tls: str
    username: str | None
    password: str | None
    timeout_s: float

    def send(self, message: EmailMessage, sent_at: datetime) -> None:
        """Raises: OSError, of which every smtplib.SMTPException is one."""
        with Deadline(self.timeout_s) as deadline, closing(self.connect(deadline)) as smtp:
            if self.tls == "starttls":  # a server without it is refused: SMTPNotSupportedError
                smtp.starttls(context=ssl.create_default_context())
            if self.username:
                smtp.login(self.username, self.password or "")
            deadline.check()
            smtp.send_message(message)
            with suppress(OSError):  # it is delivered: a bad goodbye must not have it sent again
                smtp.quit()

    def connect(self, deadline: Deadline) -> smtplib.SMTP:
        if self.tls == "tls":
            context = ssl.create_default_context()
            return WatchedTls(deadline, self.host, self.port, timeout=self.timeout_s, context=context)
        return Watched(deadline, self.host, self.port, timeout=self.timeout_s)


class Watched(smtplib.SMTP):
    """A connection under a deadline from its first byte on."""

    def __init__(self, deadline: Deadline, *args: Any, **options: Any) -> None:
        deadline.connection = self
        super().__init__(*args, **options)


class WatchedTls(Watched, smtplib.SMTP_SSL):
    """The same, with TLS from the first byte on."""


@dataclass(frozen=True)
class FolderMailer:
    """Writes ``.eml`` files that people can read. They hold live links: only their owner may open them."""

    folder: Path

    def send(self, message: EmailMessage, sent_at: datetime) -> None:
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        path = self.folder / f"{sent_at:%Y%m%dT%H%M%S}-{uuid7()}.eml"
        message.set_content(message.get_content(), cte="8bit")
        unfinished = path.with_suffix(".part")
        descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as target:
            target.write(message.as_bytes(policy=policy.default.clone(utf8=True, max_line_length=0)))
        unfinished.rename(path)


def compose(*, sender: str, to: str, subject: str, text: str, sent_at: datetime) -> EmailMessage:
    """A plain text message to one address. Raises: ValueError for an address or subject that is not one line of it."""
    message = EmailMessage(policy=policy.SMTP.clone(cte_type="7bit"))  # which every mail server takes
    message["From"] = sender
    message["To"] = recipient(to)
    message["Subject"] = subject
    message["Date"] = format_datetime(sent_at)
    message["Message-ID"] = make_msgid(domain=sender_domain(sender))
    message["Auto-Submitted"] = "auto-generated"  # RFC 3834: no out-of-office answers
    message.set_content(text)
    return message


def recipient(to: str) -> str:
    """One bare address, its domain as DNS knows it. Raises: ValueError."""
    if not BARE_ADDRESS.fullmatch(to):
        raise ValueError("not an address")  # with a comment or a list in it, it would reach somebody else
    local, _, domain = to.rpartition("@")
    return f"{local}@{domain.encode('idna').decode()}"


def sender_domain(sender: str) -> str:
    return sender.rpartition("@")[2].rstrip("> ") or "localhost"


def send_mail(request: Request, *, to: str, subject: str, text: str) -> None:
    """Give a message to the mail server before this returns, or raise. For jobs: they are tried again, and can wait.

    What is secret in ``text`` is made inside the job: an argument of a job is stored.
    Raises: RuntimeError in a request of the web; ValueError for a line break where none may be; OSError.
    """
    if not request.is_script:
        raise RuntimeError("mail is sent by jobs: enqueue one")
    sender = request.registry.settings["mail.sender"] or NOBODY
    message = compose(sender=sender, to=to, subject=subject, text=text, sent_at=request.now)
    request.registry["mailer"].send(message, request.now)


def tls_mode(raw: str) -> str:
    """``none``, ``starttls`` or ``tls``. Raises: ValueError."""
    if raw not in PORTS:
        raise ValueError
    return raw


def mail_timeout(raw: str) -> int:
    """Whole seconds, 12 at most. Raises: ValueError."""
    value = positive_int(raw)
    if value > MAX_TIMEOUT_S:
        raise ValueError
    return value


def address(raw: str) -> str:
    """``name@domain`` or ``Name <name@domain>``. Raises: ValueError."""
    message = EmailMessage()
    try:
        message["From"] = raw
    except (MessageError, IndexError) as error:
        raise ValueError from error
    found = message["From"].addresses
    if len(found) != 1 or not found[0].username or not found[0].domain or message["From"].defects:
        raise ValueError
    return raw


def is_embedded(settings: Mapping[str, Any]) -> bool:
    return asbool(raw(settings, "courseplatform.embedded"))


def faults(settings: Mapping[str, Any]) -> Iterable[str]:
    """Mail has to go somewhere; only a developer's machine takes a folder without being told."""
    if not settings.get("mail.host") and not settings.get("mail.folder") and not is_embedded(settings):
        yield "mail.host: is required; or name a mail.folder, where messages are written instead"
    if settings.get("mail.host") and not settings.get("mail.sender"):
        yield "mail.sender: is required with mail.host"
    if settings.get("mail.password") and settings.get("mail.tls") == "none":
        yield "mail.tls: 'none' would send mail.password in the clear"


def make_mailer(settings: Mapping[str, Any]) -> Mailer:
    if not settings["mail.host"]:
        return FolderMailer(Path(settings["mail.folder"] or Path(settings["courseplatform.var_dir"]) / "mail"))
    return SmtpMailer(
        host=settings["mail.host"],
        port=settings["mail.port"] or PORTS[settings["mail.tls"]],
        tls=settings["mail.tls"],
        username=settings["mail.username"],
        password=settings["mail.password"],
        timeout_s=settings["mail.timeout_s"],
    )


def includeme(config: Configurator) -> None:
    config.add_setting("mail.host")
    config.add_setting("mail.port", positive_int)
    config.add_setting("mail.tls", tls_mode, default="starttls")
    config.add_setting("mail.username")
    config.add_setting("mail.password", secret=True, min_chars=1)
    config.add_setting("mail.timeout_s", mail_timeout, default=10)
    config.add_setting("mail.sender", address)
    config.add_setting("mail.folder")
    config.add_settings_check(faults)

    def make() -> None:
        config.registry["mailer"] = make_mailer(config.registry.settings)

    config.action("mailer", make)
