"""E-mail as the second channel: what is read again when the mail goes out, and what can't get into it."""

import smtplib
from typing import Any
from uuid import UUID

import pytest

from courseplatform.api import run_due_jobs
from courseplatform.jobs import OutboxJob
from courseplatform.testing import Client, make_app, rolled_back
from plugins.accounts.api import User
from plugins.assignments.models import Assignment
from plugins.notifications.models import Notification
from plugins.notifications.texts import link_template
from tests.factories.accounts import Actor, make_user
from tests.factories.courses import id_of, make_course
from tests.factories.enrollments import enrol
from tests.factories.mail import Mailbox, address, links
from tests.factories.notifications import ALL, PREFERENCES

from . import news
from .conftest import School, make_school


def deliver_only(school: School, event: Any) -> None:
    """Let an event happen and the delivery that follows; the mail stays in the outbox."""
    school.happen(event)
    run_due_jobs(school.client.registry, at_most=2)  # one numbers the event


def graded(school: School) -> UUID:
    submission_id = school.submission("checked")
    deliver_only(school, news.graded(school, submission_id))
    return submission_id


def test_a_mail_says_what_the_notification_says(school: School, mailbox: Mailbox) -> None:
    student = school.students[0]
    submission_id = school.submission("checked")
    school.emit(news.graded(school, submission_id))
    (mail,) = mailbox.read()
    assert (mail["To"], mail["Subject"]) == (address(student), 'Your work on "Sheet 1" was graded. Points: 60.')
    assert links(mail) == [f"https://courses.test{school.assignment}submissions/{submission_id}/"]
    text = mail.get_content()
    assert text.startswith(f"Hello {student.get('/api/users/me/').json['username']},")
    assert "Points: 60." in text and "preferences" in text


def test_a_mail_is_in_the_language_and_the_time_zone_of_its_reader(school: School, mailbox: Mailbox) -> None:
    russian, english = school.students
    russian.patch("/api/users/me/", {"locale": "ru", "timezone": "Europe/Moscow"})
    english.patch("/api/users/me/", {"timezone": "America/New_York"})
    school.emit(news.due_soon(school))
    mails = {mail["To"]: mail for mail in mailbox.read()}
    mail = mails[address(russian)]
    assert mail["Subject"] == "Скоро срок сдачи задания «Sheet 1»: 01.05.2090 13:30 (Europe/Moscow)."
    assert "Здравствуйте" in mail.get_content() and "настройкам" in mail.get_content()
    assert mails[address(english)]["Subject"] == '"Sheet 1" is due on 2090-05-01 06:30 (America/New_York).'
    (told,) = russian.get(ALL).json["results"]
    assert told["message"] == mail["Subject"]


def test_one_notification_is_one_mail_however_often_it_is_delivered(school: School, mailbox: Mailbox) -> None:
    submission_id = school.submission("checked")
    for _ in range(3):
        school.happen(news.graded(school, submission_id))
    assert len(mailbox.read()) == 1
    school.emit(news.graded(school, submission_id))
    assert mailbox.read() == []


def test_a_notification_that_is_not_made_is_not_mailed(school: School, mailbox: Mailbox) -> None:
    school.emit(news.lesson_published(school))
    school.emit(news.reply(school, school.students[0]))
    assert mailbox.read() == []


@pytest.mark.parametrize(
    "meanwhile", ["read", "deleted", "deactivated", "erased", "switched off", "left", "hidden", "withdrawn"]
)
def test_what_is_settled_before_the_mail_goes_out_is_not_mailed(
    school: School, mailbox: Mailbox, admin: Actor, meanwhile: str
) -> None:
    student = school.students[0]
    if meanwhile == "left":  # of a grade they are told all the same: by another kind
        student.patch(PREFERENCES, {"email": {"lesson_published": True}})
        deliver_only(school, news.lesson_published(school))
        school.leave(student)
    else:
        submission_id = graded(school)
    (told,) = student.get(ALL).json["results"]
    if meanwhile == "read":
        student.patch(f"{ALL}{told['id']}/", {"is_read": True})
    elif meanwhile == "deleted":
        admin.delete(f"{ALL}{told['id']}/")
    elif meanwhile == "deactivated":
        school.change(User, student.user_id, is_active=False)
    elif meanwhile == "erased":
        admin.delete(f"/api/users/{student.id}/")
    elif meanwhile == "switched off":
        student.patch(PREFERENCES, {"email": {"graded": False}})
    elif meanwhile == "hidden":
        school.change(Assignment, school.assignment_id, is_published=False)
    elif meanwhile == "withdrawn":
        school.owner.put(
            f"{school.assignment}submissions/{submission_id}/return/", {"feedback": "Again"}, headers={"If-Match": "*"}
        )
        student.patch(PREFERENCES, {"email": {"returned": False}})
    assert mailbox.read() == []
    with school.client.script() as request:
        undone = request.db.query(OutboxJob).filter(OutboxJob.done_at.is_(None)).count()
    assert undone == 0


def test_nothing_of_that_keeps_a_mail_back_by_itself(school: School, mailbox: Mailbox) -> None:
    graded(school)
    assert len(mailbox.read()) == 1


@pytest.mark.parametrize(("is_required", "count"), [("true", 1), ("false", 2)])
def test_an_unverified_address_is_mailed_only_where_nobody_needs_a_verified_one(
    database_url: str, tmp_path: Any, is_required: str, count: int
) -> None:
    app = make_app(database_url, tmp_path, **{"accounts.require_verified_email": is_required})
    with rolled_back(app) as (client, _):
        mailbox, school = Mailbox(client), make_school(client)
        with client.script() as request:
            school.change(User, school.students[0].user_id, email_verified_at=request.now)
        school.emit(news.due_soon(school))
        assert len(mailbox.read()) == count
        assert len(school.students[1].get(ALL).json["results"]) == 1
    app.registry["db.engine"].dispose()


def test_a_mailbox_that_refuses_holds_up_nobody_elses_mail(
    school: School, mailbox: Mailbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    bad, good = (address(student) for student in school.students)
    send = type(school.client.registry["mailer"]).send

    def picky(self: Any, message: Any, sent_at: Any) -> None:
        if message["To"] == bad:
            raise smtplib.SMTPRecipientsRefused({bad: (550, b"no such mailbox")})
        send(self, message, sent_at)

    monkeypatch.setattr(type(school.client.registry["mailer"]), "send", picky)
    school.emit(news.due_soon(school))
    assert [mail["To"] for mail in mailbox.read()] == [good]
    with school.client.script() as request:
        (failed,) = request.db.query(OutboxJob).filter(OutboxJob.last_error.is_not(None))
    assert (failed.last_error, failed.done_at) == ("SMTPRecipientsRefused", None)
    assert [len(student.get(ALL).json["results"]) for student in school.students] == [1, 1]


HOSTILE = "Sheet\r\nBcc: victim@example.com\r\n\r\nBuy\u2028now\x85 {link} {0} %s " + "x" * 150


def test_no_title_can_bring_a_header_along(client: Client, mailbox: Mailbox, teacher: Actor) -> None:
    student = make_user(client)
    course = make_course(client, teacher, title=HOSTILE)
    teacher.post(f"{course}enrollments/", {"student_id": student.id}, status=201)
    (mail,) = mailbox.read()
    assert set(mail.keys()) >= {"To", "Subject", "From"} and "Bcc" not in mail
    assert mail["To"] == address(student)
    assert mail["Subject"].startswith('You were enrolled in "Sheet Bcc: victim@example.com Buy now {link} {0} %s x')
    assert len(mail["Subject"]) == 120 and mail["Subject"].endswith("…")
    assert links(mail) == [f"https://courses.test{course}"]


def test_a_link_is_built_from_the_configured_base_and_never_from_host(
    client: Client, mailbox: Mailbox, teacher: Actor
) -> None:
    forged = {"Host": "evil.example", "X-Forwarded-Host": "evil.example", "Forwarded": "host=evil.example"}
    course = make_course(client, teacher)
    teacher.post(f"{course}enrollments/", {"student_id": make_user(client).id}, status=201, headers=forged)
    (mail,) = mailbox.read()
    assert links(mail) == [f"https://courses.test{course}"]
    assert "evil" not in str(mail)


def test_links_lead_to_the_front_end_that_the_operator_names(database_url: str, tmp_path: Any) -> None:
    app = make_app(database_url, tmp_path, **{"notifications.link_template": "https://app.example.com/open?{path}"})
    with rolled_back(app) as (client, _):
        mailbox, teacher, student = Mailbox(client), make_user(client, "teacher"), make_user(client)
        course = make_course(client, teacher)
        teacher.post(f"{course}enrollments/", {"student_id": student.id}, status=201)
        assert links(mailbox.read()[0]) == [f"https://app.example.com/open?{course}"]
    app.registry["db.engine"].dispose()


@pytest.mark.parametrize("raw", ["https://a/", "{path}", "https://a{path}{user}", "https://a{path.x}", "ftp://a{path}"])
def test_a_template_that_makes_no_link_is_a_fault(raw: str) -> None:
    with pytest.raises(ValueError):
        link_template(raw)


def test_what_an_administrator_writes_is_mailed_too(
    client: Client, mailbox: Mailbox, student: Actor, admin: Actor
) -> None:
    body = {"recipient_id": student.id, "message": "The platform rests\non Sunday."}
    admin.post(ALL, body)
    (mail,) = mailbox.read()
    assert (mail["To"], mail["Subject"]) == (address(student), "The platform rests on Sunday.")
    assert "The platform rests\non Sunday." in mail.get_content() and links(mail) == []
    student.patch(PREFERENCES, {"email": {"message": False}})
    made = admin.post(ALL, body).json
    assert mailbox.read() == []
    student.get(f"{ALL}{made['id']}/")


def test_a_job_that_is_done_forgets_whom_it_was_about(school: School, mailbox: Mailbox) -> None:
    enrol(school.client, school.course, make_user(school.client))
    school.emit(news.due_soon(school))
    assert len(mailbox.read()) == 3
    with school.client.script() as request:
        assert {str(job.arguments) for job in request.db.query(OutboxJob)} == {"{}"}
        assert request.db.query(Notification).count() == 3
    assert id_of(school.assignment) not in str(mailbox.read())
