"""Mail: delivered to a real server on this machine, in bounded time, or written to a folder."""

import ssl
import stat
import time
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any

import pytest
from pyramid.exceptions import ConfigurationExecutionError
from sqlalchemy import select

from courseplatform.jobs import OutboxJob
from courseplatform.mail import FolderMailer, SmtpMailer, compose
from courseplatform.testing import Client

from . import sandbox_jobs
from .conftest import build
from .mail_server import certificate, drip, hang_after_data, hang_up, mail_server, rude_server, say_nothing

NOW = datetime(2030, 1, 2, 3, 4, 5, tzinfo=UTC)
MESSAGE = {"sender": "Школа <school@example.org>", "to": "ada@example.com", "subject": "Привет, Ада", "text": "Да\n"}


def mailer(port: int, **options: Any) -> SmtpMailer:
    given = {"host": "127.0.0.1", "tls": "none", "username": None, "password": None, "timeout_s": 5, **options}
    return SmtpMailer(port=port, **given)


def message(**changes: str) -> Any:
    return compose(**{**MESSAGE, **changes}, sent_at=NOW)


def outbox(client: Client) -> OutboxJob:
    with client.script() as request:
        return request.db.scalars(select(OutboxJob)).one()


# Delivery


def test_a_message_arrives_as_it_was_meant() -> None:
    with mail_server() as (inbox, port):
        mailer(port).send(message(), NOW)
    (envelope,), (mail,) = inbox.envelopes, inbox.messages
    assert (envelope.mail_from, envelope.rcpt_tos) == ("school@example.org", ["ada@example.com"])
    assert (mail["Subject"], mail["From"], mail["To"]) == (
        "Привет, Ада",
        "Школа <school@example.org>",
        "ada@example.com",
    )
    assert (mail.get_content_type(), mail.get_content().strip()) == ("text/plain", "Да")
    assert parsedate_to_datetime(mail["Date"]) == NOW
    assert mail["Message-ID"].endswith("@example.org>")
    assert mail["Auto-Submitted"] == "auto-generated"
    assert envelope.content.isascii()


def test_a_job_delivers_through_the_server_of_the_settings(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    with mail_server() as (inbox, port):
        server = {"mail.host": "127.0.0.1", "mail.port": str(port), "mail.tls": "none", "mail.sender": "a@example.org"}
        monkeypatch.setitem(client.registry, "mailer", build(**server).registry["mailer"])
        with client.script() as request:
            request.enqueue(sandbox_jobs.write_to, to="ada@example.com", subject="Привет")
        client.run_jobs()
    assert [mail["Subject"] for mail in inbox.messages] == ["Привет"]
    assert outbox(client).done_at is not None


def test_an_address_of_another_script_arrives() -> None:
    with mail_server(enable_SMTPUTF8=True) as (inbox, port):
        mailer(port).send(message(to="ада@пример.рф"), NOW)
        mailer(port).send(message(to="ada@пример.рф"), NOW)
    assert [envelope.rcpt_tos for envelope in inbox.envelopes] == [
        ["ада@xn--e1afmkfd.xn--p1ai"],
        ["ada@xn--e1afmkfd.xn--p1ai"],
    ]


# TLS


def test_a_server_without_starttls_gets_no_message_and_it_is_tried_again(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    with mail_server() as (inbox, port):
        demanding = mailer(port, tls="starttls")
        monkeypatch.setitem(client.registry, "mailer", demanding)
        with client.script() as request:
            request.enqueue(sandbox_jobs.write_to, to="ada@example.com", subject="Привет")
        client.run_jobs()
        job = outbox(client)
        assert (job.last_error, job.attempts, job.done_at) == ("SMTPNotSupportedError", 1, None)
        assert inbox.envelopes == []
        # What failed is tried again: the server has been told to behave.
        monkeypatch.setitem(client.registry, "mailer", mailer(port))
        client.clock.move(seconds=3)
        client.run_jobs()
    assert len(inbox.envelopes) == 1
    assert outbox(client).done_at is not None


def test_a_message_goes_encrypted_to_a_server_that_is_trusted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    trusted, context = certificate(tmp_path)
    with mail_server(context) as (inbox, port):
        careful = mailer(port, tls="starttls", username="platform", password="s3same")
        with pytest.raises(ssl.SSLCertVerificationError):
            careful.send(message(), NOW)
        assert inbox.logins == []
        monkeypatch.setenv("SSL_CERT_FILE", str(trusted))
        careful.send(message(), NOW)
    assert inbox.logins == [("platform", "s3same")]
    assert len(inbox.envelopes) == 1


# Time


@pytest.mark.parametrize("behave", [say_nothing, drip, hang_up, hang_after_data])
def test_a_server_that_hangs_is_left_in_time(behave: Any) -> None:
    with rude_server(behave) as port:
        started = time.monotonic()
        with pytest.raises(OSError):
            mailer(port, timeout_s=0.5).send(message(), NOW)
        assert time.monotonic() - started < 1.5


def test_a_bad_goodbye_does_not_have_a_message_sent_twice() -> None:
    with mail_server() as (inbox, port):
        inbox.is_leaving_slowly = True
        mailer(port).send(message(), NOW)
    assert len(inbox.envelopes) == 1


# What a message may not hold


@pytest.mark.parametrize("field", ["subject", "to", "sender"])
@pytest.mark.parametrize("end", ["\n", "\r", "\r\n"])
def test_no_field_can_bring_a_header_along(field: str, end: str) -> None:
    with pytest.raises(ValueError):
        message(**{field: f"{MESSAGE[field]}{end}Bcc: eve@example.net"})


@pytest.mark.parametrize(
    "to",
    [
        *("", "ada", "ada@", "@example.com", "Ada <ada@example.com>", "ada@example.com, eve@example.net"),
        *("ada(x)@example.com", '"ada"@example.com', "a:b@example.com;", "ada @example.com", f"a@{'b' * 64}.com"),
    ],
)
def test_a_message_goes_to_one_bare_address(to: str) -> None:
    with pytest.raises(ValueError):
        message(to=to)


def test_mail_is_sent_by_jobs_only(client: Client) -> None:
    with client.script() as request:
        del request.environ["courseplatform.script"]
        with pytest.raises(RuntimeError, match="enqueue"):
            request.send_mail(to="ada@example.com", subject="x", text="x")


# The folder


def test_a_folder_gets_files_that_people_can_read_and_only_their_owner_may(tmp_path: Path) -> None:
    folder = tmp_path / "mail"
    FolderMailer(folder).send(message(), NOW)
    (path,) = folder.iterdir()
    assert path.name.startswith("20300102T030405-")
    assert path.suffix == ".eml"
    assert "Subject: Привет, Ада\n" in path.read_text()
    assert path.read_text().endswith("\nДа\n")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert message_from_bytes(path.read_bytes(), policy=policy.default)["Subject"] == "Привет, Ада"


def test_a_long_link_stays_on_one_line(tmp_path: Path) -> None:
    link = "https://courses.test/" + "x" * 300
    FolderMailer(tmp_path).send(message(text=f"Open\n\n{link}\n"), NOW)
    (path,) = tmp_path.glob("*.eml")
    assert link in path.read_text().splitlines()


def test_files_sort_by_age(tmp_path: Path) -> None:
    for number in range(3):
        FolderMailer(tmp_path).send(message(subject=str(number)), NOW)
    read = [message_from_bytes(path.read_bytes(), policy=policy.default) for path in sorted(tmp_path.iterdir())]
    assert [mail["Subject"] for mail in read] == ["0", "1", "2"]


# Settings


@pytest.mark.parametrize(
    ("settings", "fault"),
    [
        ({"mail.folder": ""}, "mail.host: is required"),
        ({"mail.host": "mail.example.org"}, "mail.sender: is required with mail.host"),
        ({"mail.password": "hunter22", "mail.tls": "none"}, "mail.tls: 'none' would send mail.password in the clear"),
        ({"mail.password": "changeme"}, "mail.password: is a placeholder"),
        ({"mail.tls": "ssl"}, "mail.tls: can't be read as tls_mode"),
        ({"mail.sender": "nobody"}, "mail.sender: can't be read as address"),
        ({"mail.sender": "a@b.org, c@d.org"}, "mail.sender: can't be read as address"),
        ({"mail.timeout_s": "13"}, "mail.timeout_s: can't be read as mail_timeout"),
        ({"http.base_url": ""}, "http.base_url: is required"),
        ({"http.base_url": "courses.example.org"}, "http.base_url: can't be read as base_url"),
        ({"http.base_url": "https://u:hunter22@example.org"}, "http.base_url: can't be read as base_url"),
        ({"http.base_url": "https://example.org/?x"}, "http.base_url: can't be read as base_url"),
    ],
)
def test_a_platform_that_could_not_write_to_people_does_not_start(settings: dict[str, str], fault: str) -> None:
    with pytest.raises(ConfigurationExecutionError) as caught:
        build(**settings, **{"database.pool_size": "many"})
    assert fault in str(caught.value)
    assert "database.pool_size" in str(caught.value)  # among all other faults
    assert "hunter22" not in str(caught.value)


def test_the_port_follows_from_tls_and_a_short_password_will_do() -> None:
    for tls, port in (("none", 25), ("starttls", 587), ("tls", 465)):
        server = {"mail.host": "mail.example.org", "mail.tls": tls, "mail.sender": "a@example.org"}
        assert build(**server).registry["mailer"].port == port
    secured = build(**server, **{"mail.username": "u", "mail.password": "s3same"}).registry["mailer"]
    assert secured.password == "s3same"
    assert secured.timeout_s == 10


def test_embedded_writes_under_var_and_needs_no_setting(tmp_path: Path) -> None:
    empty = dict.fromkeys(("mail.folder", "http.base_url", "accounts.require_verified_email"), "")
    embedded = {"courseplatform.embedded": "true", "courseplatform.var_dir": str(tmp_path)}
    registry = build(**embedded, **empty).registry
    assert registry["mailer"].folder == tmp_path / "mail"
    assert registry.settings["http.base_url"] == "http://127.0.0.1:6543"
    assert registry.settings["accounts.require_verified_email"] is False
    assert build(**{"accounts.require_verified_email": ""}).registry.settings["accounts.require_verified_email"] is True


def test_a_base_url_ends_without_a_slash() -> None:
    settings = build(**{"http.base_url": "https://courses.example.org/school/"}).registry.settings
    assert settings["http.base_url"] == "https://courses.example.org/school"
