"""Certificates and submissions from before there were credentials and receipts."""

import sqlalchemy as sa

from courseplatform import migrations
from courseplatform.testing import fresh_database

USER = """
    INSERT INTO users (id, created_at, username, email, role, first_name, last_name, locale, timezone, is_active)
    VALUES (gen_random_uuid(), now(), 'ada', 'ada@example.com', 'student', '', '', 'en', 'UTC', true)
"""
CERTIFICATES = """
    INSERT INTO certificates (id, created_at, student_id, status, verification_code, student_name, course_title,
                              teacher_name, override_reason, revoked_reason, issued_at)
    SELECT gen_random_uuid(), now(), users.id, 'issued', 'code-' || :batch || number, '', '', '', '', '', now()
    FROM users, generate_series(1, 3) AS number
"""
COURSE = """
    WITH course AS (INSERT INTO courses (id, created_at, updated_at, title, description, teacher_id, status,
                                          review_count, rating_sum)
                    SELECT gen_random_uuid(), now(), now(), 'c', '', id, 'published', 0, 0 FROM users RETURNING id),
    lesson AS (INSERT INTO lessons (id, created_at, course_id, title, description, materials, position, is_published,
                                    is_required)
               SELECT gen_random_uuid(), now(), id, 'l', '', '[]', 1, true, true FROM course RETURNING id),
    assignment AS (INSERT INTO assignments (id, created_at, lesson_id, title, description, due_at, max_points,
                                            pass_points, is_published, is_required)
                   SELECT gen_random_uuid(), now(), id, 'a', '', '2030-01-01Z', 1, 0, true, true FROM lesson
                   RETURNING id)
    INSERT INTO submissions (id, created_at, assignment_id, student_id, attempt, text, status, feedback, is_late,
                             submitted_at)
    SELECT gen_random_uuid(), now(), assignment.id, users.id, 1, 't', 'submitted', '', false, now()
    FROM assignment, users
"""


def test_what_is_there_gets_places_and_deadlines(server_url):
    with fresh_database(server_url) as url:
        migrations.migrate(url, "0002")
        engine = sa.create_engine(url)
        with engine.begin() as connection:
            for statement in (USER, COURSE):
                connection.execute(sa.text(statement))
            connection.execute(sa.text(CERTIFICATES), {"batch": "old"})
        migrations.migrate(url)
        with engine.begin() as connection:
            connection.execute(sa.text(CERTIFICATES), {"batch": "new"})
            numbers = connection.scalars(sa.text("SELECT status_number FROM certificates ORDER BY 1")).all()
            due_at = connection.scalar(sa.text("SELECT deadline_due_at FROM submissions"))
        engine.dispose()
    assert numbers == list(range(6))
    assert due_at.year == 2030
