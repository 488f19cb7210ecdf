"""What notifications say, in their reader's language and time zone."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from plugins.accounts.api import User

from .kinds import Kind, Texts

TEXTS: dict[str, Texts] = {
    "message": {"en": "{message}", "ru": "{message}"},
    "enrolled": {"en": 'You were enrolled in "{title}".', "ru": "Вас записали на курс «{title}»."},
    "lesson_published": {"en": 'There is a new lesson: "{title}".', "ru": "Новый урок: «{title}»."},
    "assignment_published": {"en": 'There is a new assignment: "{title}".', "ru": "Новое задание: «{title}»."},
    "due_date_changed": {
        "en": {
            "moved": '"{title}" is now due on {due_at}.',
            "removed": '"{title}" has no due date any more.',
        },
        "ru": {
            "moved": "Новый срок сдачи задания «{title}»: {due_at}.",
            "removed": "У задания «{title}» больше нет срока сдачи.",
        },
    },
    "due_soon": {"en": '"{title}" is due on {due_at}.', "ru": "Скоро срок сдачи задания «{title}»: {due_at}."},
    "submitted": {
        "en": 'There is new work to check on "{title}".',
        "ru": "Новая работа на проверку по заданию «{title}».",
    },
    "graded": {
        "en": 'Your work on "{title}" was graded. Points: {points}.',
        "ru": "Ваша работа по заданию «{title}» проверена. Баллы: {points}.",
    },
    "returned": {
        "en": 'Your work on "{title}" was returned for another try.',
        "ru": "Ваша работа по заданию «{title}» возвращена на доработку.",
    },
    "replied": {"en": "Someone replied to your comment.", "ru": "На ваш комментарий ответили."},
    "certificate_issued": {
        "en": 'Your certificate for "{title}" was issued.',
        "ru": "Вам выдан сертификат за курс «{title}».",
    },
    "certificate_revoked": {
        "en": 'Your certificate for "{title}" was revoked.',
        "ru": "Ваш сертификат за курс «{title}» отозван.",
    },
    "role_changed": {
        "en": {
            "student": "Your role is now: student.",
            "teacher": "Your role is now: teacher.",
            "admin": "Your role is now: administrator.",
        },
        "ru": {
            "student": "Теперь вы слушатель.",
            "teacher": "Теперь вы преподаватель.",
            "admin": "Теперь вы администратор.",
        },
    },
}

#: Before and after what a mail says.
GREETINGS = {"en": "Hello {username},", "ru": "Здравствуйте, {username}!"}
REASONS = {
    "en": "You are mailed this because of your notification preferences, where you can switch it off.",
    "ru": "Это письмо отправлено согласно настройкам ваших уведомлений; там его можно отключить.",
}
MOMENTS = {"en": "%Y-%m-%d %H:%M", "ru": "%d.%m.%Y %H:%M"}
MAX_SUBJECT_CHARS = 120


def render(kind: Kind, variant: str | None, told: Mapping[str, Any], *, locale: str, timezone: str) -> str:
    """The sentence of a kind for a reader."""
    values = {name: spoken(value, locale, timezone) for name, value in told.items()}
    return kind.sentence(locale, variant).format(**values)


def spoken(value: Any, locale: str, timezone: str) -> Any:
    """A moment as the clock on the reader's wall shows it; anything else as it is."""
    if not isinstance(value, datetime):
        return value
    zone = zone_of(timezone)
    return f"{value.astimezone(zone):{MOMENTS.get(locale, MOMENTS['en'])}} ({zone.key})"


def zone_of(timezone: str) -> ZoneInfo:
    """UTC for one that this machine does not know: one reader's zone must not hold the others' news back."""
    try:
        return ZoneInfo(timezone)
    except (ValueError, OSError, KeyError):
        return ZoneInfo("UTC")


def compose_mail(message: str, user: User, link: str | None) -> dict[str, str]:
    """Subject and text of the mail that brings a notification."""
    greeting = GREETINGS.get(user.locale, GREETINGS["en"]).format(username=user.username)
    reason = REASONS.get(user.locale, REASONS["en"])
    parts = [greeting, message, *([link] if link else []), reason]
    return {"subject": one_line(message), "text": "\n\n".join(parts) + "\n"}


def one_line(message: str) -> str:
    """For a header: whatever breaks lines is a space, and the end is cut off."""
    line = " ".join(message.split())
    return line if len(line) <= MAX_SUBJECT_CHARS else line[: MAX_SUBJECT_CHARS - 1] + "…"


def link_template(raw: str) -> str:
    """An address with ``{path}`` in it, perhaps ``{base_url}``. Raises: ValueError."""
    try:
        address = raw.format(base_url="https://a.example", path="/p4th/")
    except (KeyError, IndexError, AttributeError) as error:
        raise ValueError from error
    if "/p4th/" not in address or not address.startswith(("https://", "http://")):
        raise ValueError
    return raw
