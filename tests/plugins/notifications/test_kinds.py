"""Texts and kinds: complete in both languages, and open to other plugins."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from pyramid.config import Configurator
from pyramid.exceptions import ConfigurationConflictError, ConfigurationError

from courseplatform.testing import Client, make_app, rolled_back
from plugins.notifications import kinds as kinds_module
from plugins.notifications.api import News, Subject, tell
from plugins.notifications.kinds import sentences
from plugins.notifications.texts import GREETINGS, MOMENTS, REASONS, TEXTS, render
from tests.contracts.contributions import contributed, lacking
from tests.factories.accounts import make_user
from tests.factories.mail import Mailbox
from tests.factories.notifications import ALL, PREFERENCES

LANGUAGES = {"en", "ru"}
VALUES = {"title": "Ring {0} «x»", "points": 7, "due_at": datetime(2030, 5, 1, 22, 30, tzinfo=UTC), "message": "m"}
BADGE = {"en": 'You won "{badge}".', "ru": "Вы получили «{badge}»."}


def test_every_text_is_there_in_both_languages_and_is_filled_in(client: Client) -> None:
    registered = client.registry["notifications.kinds"]
    listed = {*TEXTS, *contributed("KINDS")}
    assert set(registered) == listed, lacking("KINDS", set(registered) - listed)
    for kind in (registered[name] for name in TEXTS):
        assert set(kind.texts) == LANGUAGES
        for variant in sentences(kind.texts["en"]):
            for locale in (*LANGUAGES, "xx"):
                said = render(kind, variant, VALUES, locale=locale, timezone="Europe/Moscow")
                assert "{title}" not in said and "{due_at}" not in said and "{points}" not in said
                assert "22:30" not in said
    for table in (GREETINGS, REASONS, MOMENTS):
        assert set(table) == LANGUAGES


def test_a_zone_that_this_machine_does_not_know_is_utc(client: Client) -> None:
    kind = client.registry["notifications.kinds"]["due_soon"]
    said = render(kind, None, VALUES, locale="en", timezone="Mars/Olympus")
    assert said.endswith("2030-05-01 22:30 (UTC).")


# A plugin of somebody else's


def includeme(config: Configurator) -> None:
    """The third-party plugin of these tests."""
    config.include("plugins.notifications")
    config.add_notification_kind("badge_won", BADGE, email=True)
    config.add_notification_subject("badge", lambda request, badge_id, told: {"holder"} if told["is_shown"] else ())


@pytest.fixture
def client_with_badges(database_url: str, tmp_path: Path) -> Iterator[Client]:
    app = make_app(database_url, tmp_path, **{"courseplatform.plugins": __name__})
    with rolled_back(app) as (client, _):
        yield client
    app.registry["db.engine"].dispose()


def test_another_plugin_tells_a_kind_of_its_own(client_with_badges: Client) -> None:
    client, badge_id = client_with_badges, uuid4()
    mailbox, student = Mailbox(client), make_user(client, locale="ru")
    assert set(student.get(PREFERENCES).json["in_app"]) == {"badge_won", "role_changed"}
    for is_shown in (False, True):
        with client.script() as request:
            subject, told = Subject("badge", badge_id, "/api/badges/1/"), {"badge": "Gold", "is_shown": is_shown}
            tell(request, student.user_id, News(kind="badge_won", subject=subject, told=told))
    (mail,) = mailbox.read()
    (told,) = student.get(f"{ALL}?kind=badge_won").json["results"]
    assert told["message"] == mail["Subject"] == "Вы получили «Gold»."
    assert told["subject"] == {"type": "badge", "id": str(badge_id), "url": "/api/badges/1/"}


@pytest.mark.parametrize(
    "texts",
    [
        {"ru": "Вы получили «{badge}»."},
        {"en": "You won.", "ru": "Вы получили «{badge}»."},
        {"en": {"gold": "You won gold."}, "ru": {"silver": "Вы получили серебро."}},
    ],
)
def test_texts_that_do_not_say_the_same_are_a_fault_at_start_up(texts: Any) -> None:
    config = Configurator()
    config.include(kinds_module)
    with pytest.raises(ConfigurationError):
        config.add_notification_kind("badge_won", texts)


def test_two_plugins_with_one_kind_are_a_conflict_at_start_up() -> None:
    config = Configurator()
    config.include(kinds_module)
    config.include(lambda c: c.add_notification_kind("badge_won", BADGE), route_prefix="a")
    config.include(other, route_prefix="b")
    with pytest.raises(ConfigurationConflictError):
        config.commit()


def other(config: Configurator) -> None:
    config.add_notification_kind("badge_won", BADGE)
