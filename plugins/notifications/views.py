"""``/users/notifications/``"""

from typing import Any

from sqlalchemy import select

from courseplatform.api import Forbidden, Invalid, Request, Service, set_body_etag

from . import operations
from .models import Notification
from .permissions import P
from .schemas import MarkedAnswer, NewNotification, NotificationBody, NotificationList

COLLECTION = "/users/notifications/"

notifications = Service("notifications", COLLECTION)
notification = Service("notification", COLLECTION + "{notification_id}/")
read_all = Service("notifications_read_all", COLLECTION + "read-all/", facet_of=COLLECTION)


@notifications.get(permission=P.LIST, query=NotificationList)
def list_notifications(request: Request) -> Any:
    """The caller's own notifications, newest first.

    ``since=``: only what is new or has changed after that ``sequence``, in this order: keep the largest one seen and
    ask again. With ``If-None-Match`` it is 304 while nothing has happened.
    """
    asked = request.validated["querystring"]
    found = select(Notification).where(Notification.recipient_id == request.identity.id, Notification.is_listed)
    if asked["is_read"] is not None:
        found = found.where(Notification.is_read.is_(asked["is_read"]))
    if asked["kind"] is not None:
        if asked["kind"] not in request.registry["notifications.kinds"]:
            raise Invalid.field("kind", "is no kind of notification; the preferences list them", "querystring")
        found = found.where(Notification.kind == asked["kind"])
    if asked["since"] is None:
        return set_body_etag(request, request.paginate(found, order=(Notification.id,)))
    found = found.where(Notification.sequence > asked["since"])
    order = (Notification.sequence, Notification.id)
    return set_body_etag(request, request.paginate(found, order=order, is_descending=False))


@notifications.post(permission=P.ADMINISTER, body=NewNotification)
def create_notification(request: Request) -> Any:
    """Write to an active user (422 for any other), by mail too if they want that. Administrators only; the recipient
    alone can read it."""
    return request.created(operations.create_notification(request, **request.validated["body"]))


@notification.get(permission=P.VIEW)
def show_notification(request: Request) -> Any:
    """One of the caller's own notifications; anyone else's is 404, also for administrators."""
    return request.represent(request.context.row)


@notification.put(permission=P.ADMINISTER, body=NotificationBody)
@notification.patch(permission=P.MARK, body=NotificationBody)
def update_notification(request: Request) -> Any:
    """Recipients PATCH ``is_read`` of their own; more than that, and PUT, is for administrators (403).

    409 ``already_notified`` if the new ``recipient_id`` has a notification of the same event.
    """
    changes = request.validated["body"]
    others = changes.keys() - {"is_read"}
    allowed = not others or request.has_permission(P.ADMINISTER)
    if not allowed:
        if allowed.scopes is not None:  # an administrator's program
            raise Forbidden("insufficient_scope")
        raise Forbidden(rule={"field": min(others)}, missing=["admin"])
    operations.update_notification(request, request.context.row, changes)
    return request.represent(request.context.row)


@notification.delete(permission=P.ADMINISTER)
def delete_notification(request: Request) -> Any:
    """Delete a notification, whoever's. Administrators only."""
    request.db.delete(request.context.row)
    return request.no_content()


@read_all.post(permission=P.MARK_ALL, answer=MarkedAnswer)
def mark_all_read(request: Request) -> Any:
    """Mark all of the caller's notifications read; ``marked`` says how many were unread."""
    return {"marked": operations.mark_all_read(request, recipient_id=request.identity.id)}
