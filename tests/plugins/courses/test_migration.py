"""Migration 0009: courses and lessons that were there before are found after it, whatever came in between."""

import sqlalchemy as sa
from alembic.script import ScriptDirectory

from courseplatform import migrations
from courseplatform.histories import CORE
from courseplatform.testing import fresh_database

ROWS = """
    INSERT INTO users (id, created_at, username, email, password_hash, role, first_name, last_name, locale, timezone,
                       is_active)
    VALUES (gen_random_uuid(), now(), 'u', 'u@example.com', 'x', 'teacher', '', '', 'en', 'UTC', true);
    INSERT INTO courses (id, created_at, updated_at, title, description, teacher_id, status, review_count, rating_sum)
    SELECT gen_random_uuid(), now(), now(), 'Rings', 'and fields', users.id, 'published', 0, 0
    FROM users, generate_series(1, 250);
    INSERT INTO lessons (id, created_at, course_id, title, description, materials, position, is_published, is_required)
    SELECT gen_random_uuid(), now(), id, 'Groups', '', '[{"title": "Rings"}, {"title": "Fields"}]', 1, true, true
    FROM courses LIMIT 1;
"""
FOUND = "SELECT count(*) FROM {} WHERE search_vector @@ websearch_to_tsquery('russian', 'ring field')"
INDEX = "SELECT indisvalid FROM pg_index WHERE indexrelid = 'ix__courses__search_vector'::regclass"


def test_what_is_there_is_found_also_if_the_migration_gave_up_once(server_url: str) -> None:
    with fresh_database(server_url) as url:
        script = ScriptDirectory.from_config(migrations.config(url)).get_revision("0009")
        migrations.migrate(url, script.down_revision)
        engine = sa.create_engine(url, isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            connection.execute(sa.text(ROWS))
            migrations.migrate(url, "0009")
            assert connection.scalar(sa.text(FOUND.format("courses"))) == 250
            assert connection.scalar(sa.text(FOUND.format("lessons"))) == 1

            # as an attempt leaves it that ended in the middle
            connection.execute(sa.text(f"UPDATE {CORE.version_table} SET version_num = '{script.down_revision}'"))
            connection.execute(sa.text("UPDATE courses SET search_vector = NULL WHERE random() < 0.5"))
            connection.execute(sa.text("UPDATE pg_index SET indisvalid = false WHERE indexrelid IN (SELECT indexrelid"
                " FROM pg_index WHERE indexrelid = 'ix__courses__search_vector'::regclass)"))  # fmt: skip
            migrations.migrate(url, "0009")
            assert connection.scalar(sa.text(FOUND.format("courses"))) == 250
            assert connection.scalar(sa.text(INDEX)) is True
        engine.dispose()
