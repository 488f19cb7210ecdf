"""What a dry run says of notifications: how many there would be if the jobs ran now. Counted, not loaded.

Whoever has switched a kind off is counted too, and of one person it is not looked whether they still are where they
were: nobody learns that of others by trying.
"""

from collections import Counter
from typing import Any

from sqlalchemy import func, select

from courseplatform.api import Request

from .delivery import audience, those_with_role
from .news import News

#: So many different news are looked at, in one or two statements each. Of more, everyone whom they address counts.
MAX_NEWS = 10

Calls = list[dict[str, Any]]


def news_for_roles(request: Request, calls: Calls) -> Counter[str]:
    found, most = Counter[str](), 0
    for place, news in enumerate(map(News.read, calls)):
        count = count_readers(request, news) if place < MAX_NEWS else most
        most = max(most, count)
        found.update({news.kind: count, "total": count})
    return found


def news_for_users(request: Request, calls: Calls) -> Counter[str]:
    """Of one subject and kind, what is told to many is looked at once."""
    found, seen = Counter[str](), dict[Any, bool]()
    for call in calls:
        news = News.read({name: value for name, value in call.items() if name != "recipient_id"})
        about = (news.kind, news.role, news.subject, *sorted(news.told.items()))
        if about not in seen:
            seen[about] = is_told(request, news) if len(seen) < MAX_NEWS else True
        found.update({news.kind: int(seen[about]), "total": int(seen[about])})
    return found


def mails(request: Request, calls: Calls) -> Counter[str]:
    """Promised by a request only of what is written by hand, and is in an inbox already."""
    return Counter(message=len(calls), total=len(calls))


def count_readers(request: Request, news: News) -> int:
    told = those_with_role(request, news)
    return request.db.scalar(select(func.count()).select_from(told.subquery())) or 0 if told is not None else 0


def is_told(request: Request, news: News) -> bool:
    """Whether its subject is there for those whom it is for."""
    visible = audience(request, news)
    return bool(visible) if news.role is None else news.role in visible
