"""The SQL. ``$1`` and ``$2`` are the caller and the session, null for nobody."""

CALLER = """
caller AS (
    SELECT u.id, u.role FROM users u JOIN sessions s ON s.user_id = u.id
    WHERE u.id = $1::uuid AND u.is_active AND s.id = $2::uuid AND s.ended_at IS NULL AND s.expires_at > now()
)"""
IS_STAFF = "(caller.role IN ('teacher', 'admin') AND (c.teacher_id = caller.id OR t.user_id IS NOT NULL))"
RELATIONS = """
    LEFT JOIN course_teachers t ON t.course_id = c.id AND t.user_id = caller.id
    LEFT JOIN enrollments e ON e.course_id = c.id AND e.student_id = caller.id"""
#: Who calls, and what the course at the beginning of the path is to them.
STANDING = f"caller.id, caller.role, c.status, {IS_STAFF}, e.status"

COURSE = (
    "c.id, c.title, c.description, c.teacher_id, c.status, c.created_at, c.updated_at, c.review_count, c.rating_sum"
)
USER = "u.id, u.username, u.first_name, u.last_name, u.role"
SUBMISSION = """s.id, s.assignment_id, s.student_id, s.attempt, s.text, s.status, s.grade, s.feedback, s.is_late,
    s.submitted_at, s.checked_at, s.content_sha256, s.file_key, s.file_name, s.file_size_bytes, s.file_content_type,
    s.file_sha256"""

COURSE_PAGE = f"""
WITH {CALLER}, page AS (
    SELECT {COURSE}, {USER.replace("u.id", "u.id AS user_id")} FROM courses c JOIN users u ON u.id = c.teacher_id
    WHERE c.id {{sign}} $3 AND (
        c.status = 'published'
        OR (SELECT role FROM caller) = 'admin'
        OR (SELECT role FROM caller) = 'teacher' AND (
            c.teacher_id = $1 OR EXISTS (SELECT FROM course_teachers t WHERE t.course_id = c.id AND t.user_id = $1)
        )
    )
    ORDER BY c.id {{order}} LIMIT $4
)
SELECT caller.id, page.* FROM (SELECT) one LEFT JOIN caller ON true LEFT JOIN page ON true"""

SHOW_COURSE = f"""
WITH {CALLER}
SELECT {STANDING}, {COURSE}
FROM (SELECT) one LEFT JOIN caller ON true LEFT JOIN courses c ON c.id = $3 {RELATIONS}"""

ASSIGNMENT = f"""
WITH {CALLER}
SELECT {STANDING}, a.is_published AND l.is_published
FROM (SELECT) one LEFT JOIN caller ON true
    LEFT JOIN (assignments a JOIN lessons l ON l.id = a.lesson_id JOIN courses c ON c.id = l.course_id)
    ON a.id = $5 AND l.id = $4 AND c.id = $3 {RELATIONS}"""

SHOW_SUBMISSION = f"""
WITH {CALLER}
SELECT {STANDING}, a.is_published AND l.is_published, {SUBMISSION}
FROM (SELECT) one LEFT JOIN caller ON true
    LEFT JOIN (
        submissions s JOIN assignments a ON a.id = s.assignment_id JOIN lessons l ON l.id = a.lesson_id
        JOIN courses c ON c.id = l.course_id
    ) ON s.id = $6 AND a.id = $5 AND l.id = $4 AND c.id = $3 {RELATIONS}"""

ALL_WORK = f"""
SELECT {SUBMISSION}, {USER} FROM submissions s JOIN users u ON u.id = s.student_id
WHERE s.assignment_id = $1 AND (s.student_id = $2 OR s.status <> 'draft') AND s.id {{sign}} $3
ORDER BY s.id {{order}} LIMIT $4"""
OWN_WORK = f"""
SELECT {SUBMISSION}, {USER} FROM submissions s JOIN users u ON u.id = s.student_id
WHERE s.assignment_id = $1 AND s.student_id = $2 AND s.id {{sign}} $3
ORDER BY s.id {{order}} LIMIT $4"""

SUBMIT = """
WITH task AS (SELECT id, due_at, lock_at, max_attempts FROM assignments WHERE id = $1 FOR SHARE),
latest AS (
    SELECT attempt, status, content_sha256 FROM submissions WHERE assignment_id = $1 AND student_id = $2
    ORDER BY attempt DESC LIMIT 1 FOR NO KEY UPDATE
),
verdict AS (
    SELECT task.*, latest.attempt, CASE
        WHEN $6 > task.lock_at THEN 'submission_locked'
        WHEN latest.status = 'draft' THEN 'draft_exists'
        WHEN latest.status = 'checked' THEN 'already_checked'
        WHEN latest.status = 'submitted' AND latest.content_sha256 = $4 THEN 'same_content'
        WHEN latest.attempt >= task.max_attempts THEN 'attempts_exhausted'
    END AS refusal
    FROM task LEFT JOIN latest ON true
),
made AS (
    INSERT INTO submissions AS s (id, created_at, assignment_id, student_id, attempt, text, status, feedback, is_late,
        content_sha256, submitted_at, deadline_due_at, deadline_lock_at)
    SELECT $5, $6, id, $2, coalesce(attempt, 0) + 1, $3, 'submitted', '', coalesce($6 > due_at, false), $4, $6, due_at,
        lock_at
    FROM verdict WHERE refusal IS NULL
    RETURNING s.attempt, s.is_late
)
SELECT verdict.refusal, made.attempt, made.is_late FROM verdict LEFT JOIN made ON true"""

LOGIN = """
SELECT id, password_hash FROM users WHERE is_active AND lower({column}) = lower($1)"""
OPEN_SESSION = """
WITH made AS (
    INSERT INTO sessions (id, user_id, created_at, last_used_at, expires_at)
    VALUES ($1, $2, $3::timestamptz, $3, $3 + interval '30 days') RETURNING id
)
INSERT INTO refresh_tokens (id, session_id, token_sha256, created_at) SELECT $4, id, $5, $3 FROM made"""

INBOX = f"""
WITH {CALLER}
SELECT caller.id, i.last_sequence FROM caller LEFT JOIN notification_inboxes i ON i.recipient_id = caller.id"""
NOTIFICATIONS = """
SELECT id, recipient_id, message, kind, subject, sequence, is_read, created_at FROM notifications
WHERE recipient_id = $1 AND is_listed AND ($2::boolean IS NULL OR is_read = $2) AND id {sign} $3
ORDER BY id {order} LIMIT $4"""

COLUMNS = """
SELECT a.id, a.lesson_id, a.title, a.max_points, a.pass_points, a.is_required, a.is_published AND l.is_published
FROM assignments a JOIN lessons l ON l.id = a.lesson_id WHERE l.course_id = $1 ORDER BY l.position, a.id"""
REQUIRED_LESSONS = "SELECT count(*) FROM lessons WHERE course_id = $1 AND is_published AND is_required"
GRADED_STUDENTS = f"""
SELECT e.id, e.status, {USER}, (
    SELECT count(*) FROM lesson_completions d JOIN lessons l ON l.id = d.lesson_id
    WHERE d.student_id = e.student_id AND l.course_id = $1 AND l.is_published AND l.is_required
)
FROM enrollments e JOIN users u ON u.id = e.student_id
WHERE e.course_id = $1 AND e.status IN ('active', 'completed') AND e.id {{sign}} $2
ORDER BY e.id {{order}} LIMIT $3"""
CELLS = """
SELECT DISTINCT ON (s.student_id, s.assignment_id) s.student_id, s.assignment_id, s.id, s.attempt, s.status, s.grade,
    s.is_late, s.status = 'checked' AND s.grade >= a.pass_points,
    bool_or(s.status = 'submitted') OVER (PARTITION BY s.student_id, s.assignment_id),
    a.is_published AND l.is_published, a.is_required
FROM submissions s JOIN assignments a ON a.id = s.assignment_id JOIN lessons l ON l.id = a.lesson_id
WHERE l.course_id = $1 AND s.student_id = ANY($2::uuid[]) AND s.status <> 'draft'
ORDER BY s.student_id, s.assignment_id, s.status = 'checked' DESC, s.grade DESC NULLS LAST, s.attempt DESC"""

LESSON = f"""
WITH {CALLER}
SELECT {STANDING}, l.is_published
FROM (SELECT) one LEFT JOIN caller ON true
    LEFT JOIN (lessons l JOIN courses c ON c.id = l.course_id) ON l.id = $4 AND c.id = $3 {RELATIONS}"""
CHANGE_LESSON = """
WITH before AS (SELECT id, is_published FROM lessons WHERE id = $1 FOR NO KEY UPDATE)
UPDATE lessons l SET is_published = coalesce($2, l.is_published), title = coalesce($3, l.title) FROM before
WHERE l.id = before.id
RETURNING l.id, l.course_id, l.title, l.position, l.is_published, l.is_required, l.created_at, l.description,
    l.materials, before.is_published"""
#: The ids are UUIDs of version 7: ``$7`` is their time. In the order of the ids, so that two never wait in a circle.
TELL = """
WITH numbered AS (
    INSERT INTO notification_inboxes AS i (recipient_id, last_sequence)
    SELECT u.id, 1 FROM enrollments e JOIN users u ON u.id = e.student_id
    WHERE e.course_id = $1 AND e.status IN ('active', 'completed') AND u.is_active AND u.id <> $2
    ORDER BY u.id
    ON CONFLICT (recipient_id) DO UPDATE SET last_sequence = i.last_sequence + 1
    RETURNING recipient_id, last_sequence
)
INSERT INTO notifications (id, created_at, recipient_id, kind, message, subject, event_id, sequence, is_read)
SELECT ($7 || '-7' || substr(gen_random_uuid()::text, 16))::uuid, now(), u.id, 'lesson_published',
    CASE u.locale WHEN 'ru' THEN $4 ELSE $3 END, $5::jsonb, $6, last_sequence, false
FROM numbered JOIN users u ON u.id = numbered.recipient_id"""

PAGES = {
    "courses": COURSE_PAGE,
    "all_work": ALL_WORK,
    "own_work": OWN_WORK,
    "notifications": NOTIFICATIONS,
    "graded_students": GRADED_STUDENTS,
}
STATEMENTS = {
    "show_course": SHOW_COURSE,
    "assignment": ASSIGNMENT,
    "show_submission": SHOW_SUBMISSION,
    "submit": SUBMIT,
    "login_username": LOGIN.format(column="username"),
    "login_email": LOGIN.format(column="email"),
    "open_session": OPEN_SESSION,
    "inbox": INBOX,
    "columns": COLUMNS,
    "required_lessons": REQUIRED_LESSONS,
    "cells": CELLS,
    "lesson": LESSON,
    "change_lesson": CHANGE_LESSON,
    "tell": TELL,
    **{f"{name}_down": text.format(sign="<", order="DESC") for name, text in PAGES.items()},
    **{f"{name}_up": text.format(sign=">", order="ASC") for name, text in PAGES.items()},
}
