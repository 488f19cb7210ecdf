"""Delivery: who may be told is decided now, when the job runs, not when the event happened."""

from typing import Any
from uuid import UUID

from sqlalchemy import delete, select

from courseplatform.api import Request
from plugins.accounts.api import User, is_mailable

from .delivery import deliver, may_be_told, next_recipients
from .models import Inbox, Notification
from .news import News
from .preferences import forget_preferences
from .texts import compose_mail

CHUNK_USERS = 1_000


def notify(request: Request, *, recipient_id: UUID, **news: Any) -> None:
    """Tell one user the ``News``, unless they did it themselves or may not know it any more. Idempotent."""
    told = News.read(news)
    if may_be_told(request, recipient_id, told):
        _deliver(request, told, [recipient_id])


def notify_role(request: Request, *, after_id: UUID | None = None, **news: Any) -> None:
    """Tell everyone who holds the role of the ``News``, but the one who did it. Idempotent.

    Takes the first ``CHUNK_USERS`` after ``after_id``, then enqueues itself for the next ones.
    """
    told = News.read(news)
    recipient_ids = next_recipients(request, told, after_id=after_id, limit=CHUNK_USERS)
    _deliver(request, told, recipient_ids)
    if len(recipient_ids) == CHUNK_USERS:
        request.enqueue(notify_role, after_id=recipient_ids[-1], **news)


def mail_notification(request: Request, *, notification_id: UUID, **news: Any) -> None:
    """Mail a notification, unless it is read or gone by now, or its reader may not know or does not want it any more.

    ``news``: what it was made from; none if it was written by hand.
    """
    found = request.db.execute(
        select(Notification, User, Inbox.preferences)
        .join(User, User.id == Notification.recipient_id)
        .join(Inbox, Inbox.recipient_id == Notification.recipient_id)
        .where(Notification.id == notification_id)
    ).one_or_none()
    if found is None or found.Notification.is_read or not is_mailable(request, found.User):
        return
    notification, user, preferences = found
    kind = request.registry["notifications.kinds"].get(notification.kind)
    if kind is None or not kind.goes_to("email", preferences):
        return
    if news and not may_be_told(request, user.id, News.read(news)):
        return
    request.send_mail(to=user.email, **compose_mail(notification.message, user, _link(request, notification)))


def forget_recipient(request: Request, *, recipient_id: UUID) -> None:
    """Delete all notifications and preferences of a user who was erased. Idempotent."""
    forget_preferences(request, recipient_id)  # and wait for what is being delivered
    request.db.execute(delete(Notification).where(Notification.recipient_id == recipient_id))


def _deliver(request: Request, news: News, recipient_ids: list[UUID]) -> None:
    # A mail each, so that one mailbox that refuses holds up nobody else's.
    for notification_id in deliver(request, news, recipient_ids):
        request.enqueue(mail_notification, notification_id=notification_id, **news.arguments())


def _link(request: Request, notification: Notification) -> str | None:
    """Of the configured base, never of a request's Host."""
    if notification.subject is None:
        return None
    settings = request.registry.settings
    template: str = settings["notifications.link_template"]
    return template.format(base_url=settings["http.base_url"], path=notification.subject["url"])
