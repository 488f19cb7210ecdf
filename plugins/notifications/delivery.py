"""Who may be told, and how it gets into their inboxes. Called by jobs: what counts is the state at the delivery."""

from collections.abc import Collection
from functools import cache
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, Uuid, and_, func, literal, or_, select, true
from sqlalchemy.dialects.postgresql import ARRAY, insert
from sqlalchemy.orm import aliased
from uuid_utils.compat import uuid7

from courseplatform.api import Request, holds_role
from plugins.accounts.api import User

from .kinds import CHANNELS
from .models import Inbox, Notification
from .news import News
from .texts import render

STAFF = "teacher"


def audience(request: Request, news: News) -> frozenset[str]:
    """The roles whose holders may see its subject now, in one statement; none: it is gone or not so any more."""
    is_over = news.until_at is not None and request.now > news.until_at
    if is_over or news.kind not in request.registry["notifications.kinds"]:
        return frozenset()
    see, _ = request.registry["notifications.subjects"].get(news.subject.type, (None, None))
    return frozenset(see(request, news.subject.id, news.told) if see else {news.role or STAFF, STAFF})


def holds(request: Request, news: News, role: str, user_id: Any) -> ColumnElement[bool]:
    """SQL: whether a user holds the role at the course of the news."""
    return holds_role(request, request.registry["notifications.course_node"], role, user_id, news.course_id)


def may_know(request: Request, news: News, role: str, user_id: Any) -> ColumnElement[bool]:
    """SQL: whether a user who holds the role may know of the news, as all do whom it makes staff."""
    _, knows = request.registry["notifications.subjects"].get(news.subject.type, (None, None))
    found: ColumnElement[bool] = true()
    return found if knows is None or role == STAFF else knows(request, user_id, news.subject.id, news.told)


def may_be_told(request: Request, user_id: UUID, news: News) -> bool:
    """Whether an active user may be told now: of news for a role, who holds it, teaches the course or administers."""
    visible = audience(request, news)
    if not visible or user_id == news.actor_id:
        return False
    person = aliased(User)
    found = select(person.id).where(person.id == user_id, person.is_active)
    if news.role is not None:
        roles = visible & {news.role, STAFF}
        may = [and_(*(told(request, news, role, person.id) for told in (holds, may_know))) for role in roles]
        found = found.where(or_(person.role == "admin", *may))
    return request.db.scalar(found) is not None


def next_recipients(request: Request, news: News, *, after_id: UUID | None, limit: int) -> list[UUID]:
    """The next of ``those_with_role``, by id."""
    found = those_with_role(request, news, after_id)
    if found is None:
        return []
    (person_id,) = found.selected_columns
    return list(request.db.scalars(found.order_by(person_id).limit(limit)))


def those_with_role(request: Request, news: News, after_id: UUID | None = None) -> Select[Any] | None:
    """SQL: the ids of the active users who hold the role of the news now, may be told and were not told yet.

    ``after_id``: of those with a greater id. None: nobody may.
    """
    if news.role not in audience(request, news):
        return None
    # An alias: the roles' expressions may read the users' table themselves.
    person = aliased(User)
    holding = select(person.id).where(person.is_active, holds(request, news, news.role, person.id))
    if news.actor_id is not None:
        holding = holding.where(person.id != news.actor_id)
    if after_id is not None:
        holding = holding.where(person.id > after_id)
    # First all who hold the role, and then who of them (OFFSET 0 keeps these apart, in the order that a page wants):
    # the planner takes what is asked of each reader for rare, and would look through a whole course for each user.
    reader = holding.order_by(person.id).offset(0).subquery()
    # A scalar subquery and no NOT EXISTS: each reader's is looked up by index, whatever the planner believes.
    earlier = select(Notification.id).where(
        Notification.recipient_id == reader.c.id,
        Notification.kind == news.kind,
        Notification.event_id == news.event_id,
    )
    return select(reader.c.id).where(
        may_know(request, news, news.role, reader.c.id), earlier.limit(1).scalar_subquery().is_(None)
    )


def deliver(request: Request, news: News, recipient_ids: Collection[UUID]) -> list[UUID]:
    """Put news into inboxes, as each reader wants them, in three statements however many readers there are.

    Idempotent. The ids of those new notifications that are to be mailed as well.
    """
    if not recipient_ids:
        return []
    kind = request.registry["notifications.kinds"][news.kind]
    inboxes = next_sequences(request, recipient_ids)

    about = {"kind": news.kind, "subject": news.subject.json(), "event_id": news.event_id, "created_at": request.now}

    @cache
    def message(locale: str, timezone: str) -> str:
        return render(kind, news.variant, news.told, locale=locale, timezone=timezone)

    rows, mailed = [], set()
    # Read only now: who is erased later waits for their inbox, and is then forgotten with this in it.
    active = select(User.id, User.locale, User.timezone).where(User.id.in_(recipient_ids), User.is_active)
    for person in request.db.execute(active):
        inbox, row_id = inboxes[person.id], uuid7()
        is_listed, is_mailed = (kind.goes_to(channel, inbox.preferences) for channel in CHANNELS)
        row = {
            "id": row_id,
            "recipient_id": person.id,
            "message": message(person.locale, person.timezone),
            "sequence": inbox.last_sequence,
            "is_listed": is_listed,
            "is_read": False,
        }
        if is_listed or is_mailed:
            rows.append({**about, **row})
        if is_mailed:
            mailed.add(row_id)
    if not rows:
        return []
    once = [Notification.recipient_id, Notification.kind, Notification.event_id]
    new = insert(Notification).on_conflict_do_nothing(index_elements=once).returning(Notification.id)
    made = request.db.scalars(new, rows)
    return [notification_id for notification_id in made if notification_id in mailed]


def next_sequences(request: Request, recipient_ids: Collection[UUID], count: int = 1) -> dict[UUID, Any]:
    """Number the next ``count`` changes of each inbox, and hold it until the commit: user id → its row as it is now.

    Always in the order of the ids, so that two who need several never wait for each other in a circle.
    """
    ids = literal(sorted(recipient_ids), ARRAY(Uuid()))
    moved = (
        insert(Inbox)
        .from_select(
            ["recipient_id", "last_sequence"], select(func.unnest(ids), literal(count)), include_defaults=False
        )
        .on_conflict_do_update(index_elements=[Inbox.recipient_id], set_={"last_sequence": Inbox.last_sequence + count})
        .returning(Inbox.recipient_id, Inbox.last_sequence, Inbox.preferences)
    )
    return {row.recipient_id: row for row in request.db.execute(moved)}


def next_sequence(request: Request, recipient_id: UUID, count: int = 1) -> int:
    """The same for one inbox: the number of the first of these changes."""
    last: int = next_sequences(request, [recipient_id], count)[recipient_id].last_sequence
    return last - count + 1
