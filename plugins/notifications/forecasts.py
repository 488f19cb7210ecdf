"""What a dry run says of notifications: how many there would be if the jobs ran now. Counted, not loaded."""

from collections import Counter
from collections.abc import Collection
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, func, literal, or_, select

from courseplatform.api import Request

from .delivery import those_of, those_with_role
from .kinds import CHANNELS, Kind
from .models import Inbox
from .news import News

#: So many different news are counted, in two statements each. Of more, everyone whom they address is taken to be told.
MAX_NEWS = 10

Calls = list[dict[str, Any]]


def news_for_roles(request: Request, calls: Calls) -> Counter[str]:
    found, most = Counter[str](), 0
    for place, call in enumerate(calls):
        news = News.read(call)
        if place < MAX_NEWS:
            count = count_readers(request, news, those_with_role(request, news))
            most = max(most, count)
        add(found, news, count if place < MAX_NEWS else most)
    return found


def news_for_users(request: Request, calls: Calls) -> Counter[str]:
    found = Counter[str]()
    for place, (news, user_ids) in enumerate(by_news(calls)):
        is_counted = place < MAX_NEWS
        add(
            found,
            news,
            count_readers(request, news, those_of(request, news, user_ids)) if is_counted else len(user_ids),
        )
    return found


def mails(request: Request, calls: Calls) -> Counter[str]:
    """Promised by a request only of what is written by hand, and is in an inbox already."""
    return Counter(message=len(calls), total=len(calls))


def add(found: Counter[str], news: News, count: int) -> None:
    found.update({news.kind: count, "total": count})


def by_news(calls: Calls) -> Collection[tuple[News, list[UUID]]]:
    """The same news for several users, each with an event of its own, are one."""
    groups: dict[Any, tuple[News, list[UUID]]] = {}
    for call in calls:
        about = {name: value for name, value in call.items() if name != "recipient_id"}
        key = tuple(sorted((name, str(value)) for name, value in about.items() if name != "event_id"))
        groups.setdefault(key, (News.read(about), []))[1].append(call["recipient_id"])
    return groups.values()


def count_readers(request: Request, news: News, told: Select[Any] | None) -> int:
    """How many of them want it, in their inbox or by mail."""
    if told is None:
        return 0
    kind, reader = request.registry["notifications.kinds"][news.kind], told.subquery()
    wanted = or_(*(wants(kind, channel) for channel in CHANNELS))
    count = select(func.count()).select_from(reader).outerjoin(Inbox, Inbox.recipient_id == reader.c.id).where(wanted)
    return request.db.scalar(count) or 0


def wants(kind: Kind, channel: str) -> ColumnElement[bool]:
    """SQL for ``Kind.goes_to``, of the inbox in the enclosing statement, which may be missing."""
    default = literal(kind.defaults[channel])
    return (
        default if channel in kind.fixed else func.coalesce(Inbox.preferences[channel][kind.name].as_boolean(), default)
    )
