"""What is answered: (status, headers, body)."""

import hashlib
import secrets
from collections import defaultdict
from datetime import UTC, datetime

import database
import orjson
import tokens
from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from database import run
from paging import Asked
from psycopg2.errors import UniqueViolation
from refusals import Refusal
from uuid_utils.compat import uuid7

HASHER = PasswordHasher(parallelism=1)
NOBODY = HASHER.hash("nobody has this password")
TAKING_PART = ("active", "completed")
NEW_LESSON = ('There is a new lesson: "{}".', "Новый урок: «{}».")

CARD = ("id", "username", "first_name", "last_name", "role")
COURSE = ("id", "title", "description", "teacher_id", "status", "created_at", "updated_at", "review_count")
SUBMISSION = ("id", "assignment_id", "student_id", "attempt", "text", "status", "grade", "feedback", "is_late")
NOTIFICATION = ("id", "recipient_id", "message", "kind", "subject", "sequence", "is_read", "created_at")
COLUMN = ("assignment_id", "lesson_id", "title", "max_points", "pass_points", "is_required", "is_visible")
CELL = (
    "assignment_id",
    "submission_id",
    "attempt",
    "status",
    "grade",
    "is_late",
    "is_passed",
    "needs_grading",
    "counts",
)
LESSON = (
    "id",
    "course_id",
    "title",
    "position",
    "is_published",
    "is_required",
    "created_at",
    "description",
    "materials",
)


def caller_of(environ):
    """The ids of user and session that the token names; (None, None) without one."""
    scheme, _, token = environ.get("HTTP_AUTHORIZATION", "").partition(" ")
    if scheme != "Bearer":
        return None, None
    try:
        return tokens.read(token)
    except (ValueError, KeyError) as error:
        raise Refusal(401, "invalid_token") from error


def require_known(user_id, found_id):
    """A token is no good for a user who is inactive, or whose session has ended."""
    if user_id is not None and found_id is None:
        raise Refusal(401, "invalid_token")


def require_signed_in(user_id):
    if user_id is None:
        raise Refusal(401, "unauthenticated")


class Standing:
    """What the course is to the caller, as the first columns of a row tell."""

    def __init__(self, user_id, row):
        self.user_id, role, self.course_status, is_staff, self.enrollment = row[:5]
        require_known(user_id, self.user_id)
        self.is_teacher, self.is_staff = bool(is_staff), bool(is_staff) or role == "admin"
        is_archived = self.course_status == "archived" and self.enrollment is not None
        if self.course_status is None or not (self.is_staff or self.course_status == "published" or is_archived):
            raise Refusal(404, "not_found")

    def require_staff(self, is_visible=True):
        if not self.is_staff:
            raise Refusal(403, "forbidden") if is_visible else Refusal(404, "not_found")


def body_of(environ):
    try:
        body = orjson.loads(environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0)))
    except orjson.JSONDecodeError as error:
        raise Refusal(400, "malformed_json") from error
    if not isinstance(body, dict):
        raise Refusal(400, "malformed_json")
    return body


def course_json(row):
    shown = dict(zip(COURSE, row, strict=False))
    count, total = row[7:9]
    shown["review_average"] = round(total / count, 2) if count else None
    return shown


def card_json(row):
    return dict(zip(CARD, row, strict=True))


def submission_json(row):
    shown = dict(zip(SUBMISSION, row, strict=False))
    submitted_at, checked_at, sha256, key, name, size_bytes, content_type, file_sha256 = row[9:17]
    shown["is_checked"] = row[5] == "checked"
    shown["submitted_at"], shown["checked_at"] = submitted_at, checked_at
    shown["receipt"] = {"sha256": sha256, "received_at": submitted_at} if sha256 else None
    shown["file"] = (
        {"name": name, "size_bytes": size_bytes, "content_type": content_type, "sha256": file_sha256} if key else None
    )
    return shown


def list_courses(environ):
    user_id, session_id = caller_of(environ)
    asked = Asked(environ)
    rows = asked.rows("courses", user_id, session_id)
    require_known(user_id, rows[0][0])

    def show(row):
        shown = course_json(row[1:])
        if asked.query.get("expand") == "teacher":
            card = card_json(row[10:])
            if user_id is None:
                del card["username"], card["role"]
            shown["extensions"] = {"teacher": card}
        return shown

    return 200, [], asked.page([row for row in rows if row[1]], show, id_at=1)


def show_course(environ, course_id):
    user_id, session_id = caller_of(environ)
    ((*row,),) = run("show_course", user_id, session_id, course_id)
    Standing(user_id, row)
    return 200, [], course_json(row[5:])


def standing_at(environ, course_id, lesson_id, assignment_id):
    """At the submissions of an assignment."""
    user_id, session_id = caller_of(environ)
    ((*row,),) = run("assignment", user_id, session_id, course_id, lesson_id, assignment_id)
    standing = Standing(user_id, row)
    if not (row[5] or standing.is_staff):
        raise Refusal(404, "not_found")
    require_signed_in(user_id)
    return standing


def list_submissions(environ, course_id, lesson_id, assignment_id):
    standing = standing_at(environ, course_id, lesson_id, assignment_id)
    if not standing.is_staff and standing.enrollment is None:
        raise Refusal(403, "forbidden")
    asked = Asked(environ)
    rows = asked.rows("all_work" if standing.is_staff else "own_work", assignment_id, standing.user_id)

    def show(row):
        shown = submission_json(row)
        if asked.query.get("expand") == "student":
            shown["extensions"] = {"student": card_json(row[17:])}
        return shown

    return 200, [], asked.page(rows, show)


def show_submission(environ, course_id, lesson_id, assignment_id, submission_id):
    user_id, session_id = caller_of(environ)
    require_signed_in(user_id)
    ((*row,),) = run("show_submission", user_id, session_id, course_id, lesson_id, assignment_id, submission_id)
    standing, is_published, work = Standing(user_id, row), row[5], row[6:]
    is_own, is_draft = work[2] == user_id, work[5] == "draft"
    if not (standing.is_staff or is_published) or not (is_own or (standing.is_staff and not is_draft)):
        raise Refusal(404, "not_found")
    return 200, [], submission_json(work)


def submit(environ, course_id, lesson_id, assignment_id):
    standing = standing_at(environ, course_id, lesson_id, assignment_id)
    if standing.is_staff or standing.enrollment not in TAKING_PART:
        raise Refusal(403, "forbidden")
    text = body_of(environ).get("text")
    if not isinstance(text, str) or not text.strip() or len(text) > 100_000 or "\0" in text:
        raise Refusal(422, "invalid")
    if standing.course_status == "archived":
        raise Refusal(409, "course_archived")
    now, row_id, sha256 = datetime.now(UTC), str(uuid7()), hashlib.sha256(text.encode() + b"\0").hexdigest()
    try:
        found = run("submit", assignment_id, standing.user_id, text, sha256, row_id, now)
    except UniqueViolation as error:  # somebody was quicker with the same attempt
        raise Refusal(409, "attempt_exists") from error
    if not found:
        raise Refusal(404, "not_found")
    ((refusal, attempt, is_late),) = found
    if refusal:
        raise Refusal(409, refusal)
    row = (row_id, assignment_id, standing.user_id, attempt, text, "submitted", None, "", is_late, now, None, sha256)
    return 201, [], submission_json((*row, None, None, None, None, None))


def sign_in(environ):
    body = body_of(environ)
    username, password = body.get("username"), body.get("password")
    if not isinstance(username, str) or not isinstance(password, str):
        raise Refusal(422, "invalid")
    found = run("login_email" if "@" in username else "login_username", username)
    user_id, password_hash = found[0] if found else (None, None)
    try:
        is_right = HASHER.verify(password_hash or NOBODY, password) and password_hash is not None
    except (VerificationError, InvalidHashError):
        is_right = False
    if not is_right:
        raise Refusal(401, "invalid_credentials")
    session_id, refresh_token = str(uuid7()), secrets.token_urlsafe(32)
    sha256 = hashlib.sha256(refresh_token.encode()).hexdigest()
    run("open_session", session_id, user_id, datetime.now(UTC), str(uuid7()), sha256)
    pair = {"access_token": tokens.make(user_id, session_id), "refresh_token": refresh_token}
    return 200, [], {**pair, "token_type": "Bearer", "expires_in": tokens.TTL_S}


def list_notifications(environ):
    """304 while the inbox has the number that the ETag tells."""
    user_id, session_id = caller_of(environ)
    require_signed_in(user_id)
    found = run("inbox", user_id, session_id)
    require_known(user_id, found[0][0] if found else None)
    headers = [("ETag", f'"{found[0][1] or 0}"')]
    if headers[0][1] in environ.get("HTTP_IF_NONE_MATCH", ""):
        return 304, headers, None
    asked = Asked(environ)
    is_read = {"true": True, "false": False}.get(asked.query.get("is_read"))
    rows = asked.rows("notifications", user_id, is_read)
    return 200, headers, asked.page(rows, lambda row: dict(zip(NOTIFICATION, row, strict=True)))


def show_gradebook(environ, course_id):
    user_id, session_id = caller_of(environ)
    ((*row,),) = run("show_course", user_id, session_id, course_id)
    standing = Standing(user_id, row)
    require_signed_in(user_id)
    standing.require_staff()
    asked, columns = Asked(environ), run("columns", course_id)
    students = asked.rows("graded_students", course_id, is_descending=False)
    cells = defaultdict(list)
    for row in run("cells", course_id, f"{{{','.join(row[2] for row in students)}}}"):
        cells[row[0]].append(row)
    ((total,),) = run("required_lessons", course_id)
    total += sum(is_required and is_visible for *_, is_required, is_visible in columns)
    max_points = sum(column[3] for column in columns if column[6])

    def show(row):
        theirs = cells[row[2]]
        done = row[7] + sum(cell[7] and cell[9] and cell[10] for cell in theirs)
        return {
            "enrollment_id": row[0],
            "status": row[1],
            "student": card_json(row[2:7]),
            "cells": [dict(zip(CELL, cell[1:10], strict=True)) for cell in theirs],
            "total_points": sum(cell[5] for cell in theirs if cell[9] and cell[4] == "checked"),
            "max_points": max_points,
            "progress_percent": min(done * 100 // total, 100) if total else 0,
        }

    page = asked.page(students, show)
    return 200, [], {"columns": [dict(zip(COLUMN, column, strict=True)) for column in columns], **page}


def update_lesson(environ, course_id, lesson_id):
    """Publishing it tells the students, in the same transaction."""
    user_id, session_id = caller_of(environ)
    ((*row,),) = run("lesson", user_id, session_id, course_id, lesson_id)
    standing = Standing(user_id, row)
    require_signed_in(user_id)
    standing.require_staff(is_visible=row[5])
    changes = body_of(environ)
    with database.transaction():
        ((*lesson, was_published),) = run("change_lesson", lesson_id, changes.get("is_published"), changes.get("title"))
        shown = dict(zip(LESSON, lesson, strict=True))
        if shown["is_published"] and not was_published and standing.course_status == "published":
            url = f"/api/courses/{course_id}/lessons/{lesson_id}/"
            subject = orjson.dumps({"type": "lesson", "id": lesson_id, "url": url}).decode()
            texts = [text.format(shown["title"]) for text in NEW_LESSON]
            run("tell", course_id, user_id, *texts, subject, str(uuid7()), str(uuid7())[:13])
    return 200, [], shown
