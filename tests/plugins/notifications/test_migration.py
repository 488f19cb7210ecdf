"""Notifications of before there were inboxes."""

from uuid import uuid4

import pytest
import sqlalchemy as sa

from courseplatform import migrations
from courseplatform.testing import fresh_database


@pytest.mark.filterwarnings("ignore")
def test_what_was_there_is_numbered_by_age_in_each_inbox(server_url: str) -> None:
    people, at = sorted([uuid4(), uuid4()]), "2026-01-01T00:00:00Z"
    rows = [(uuid4(), people[number % 2]) for number in range(5)]
    with fresh_database(server_url) as url:
        migrations.migrate(url, "0002")
        engine = sa.create_engine(url)
        with engine.begin() as connection:
            for person in people:
                connection.execute(
                    sa.text(
                        "INSERT INTO users (id, username, email, role, first_name, last_name, locale, timezone, "
                        "is_active, created_at) VALUES (:id, :id, :id, 'student', '', '', 'en', 'UTC', true, :at)"
                    ),
                    {"id": str(person), "at": at},
                )
            for row_id, person in rows:
                connection.execute(
                    sa.text(
                        "INSERT INTO notifications (id, recipient_id, kind, message, event_id, is_read, created_at) "
                        "VALUES (:id, :person, 'message', 'm', :id, false, :at)"
                    ),
                    {"id": row_id, "person": person, "at": at},
                )
        migrations.migrate(url)
        with engine.begin() as connection:
            numbered = connection.execute(
                sa.text("SELECT recipient_id, sequence, is_listed FROM notifications ORDER BY recipient_id, id")
            ).all()
            inboxes = connection.execute(sa.text("SELECT * FROM notification_inboxes ORDER BY recipient_id")).all()
        engine.dispose()
    assert numbered == [(people[0], number, True) for number in (1, 2, 3)] + [
        (people[1], number, True) for number in (1, 2)
    ]
    assert [tuple(inbox) for inbox in inboxes] == [(people[0], 3, {}), (people[1], 2, {})]
