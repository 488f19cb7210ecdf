import hashlib

from fastapi import APIRouter, Request, Response
from sqlalchemy import select

from ..db import Session
from ..models import Notification
from ..paging import Paged
from ..schemas import NotificationOut, Page
from ..security import CurrentUser

router = APIRouter(prefix="/users/notifications", tags=["notifications"])


@router.get("/", response_model=Page[NotificationOut])
async def list_notifications(
    request: Request, session: Session, user: CurrentUser, paging: Paged, is_read: bool | None = None
) -> Response:
    """The caller's own, newest first; 304 to who has the page already."""
    found = select(Notification).where(Notification.recipient_id == user.id, Notification.is_listed)
    if is_read is not None:
        found = found.where(Notification.is_read.is_(is_read))
    rows, links = await paging.page(session, found, Notification.id)
    page = Page[NotificationOut](results=[NotificationOut.model_validate(row) for row in rows], **links)
    body = page.model_dump_json().encode()
    etag = f'"{hashlib.blake2b(body, digest_size=12).hexdigest()}"'
    if etag in request.headers.get("If-None-Match", ""):
        return Response(status_code=304, headers={"ETag": etag})
    return Response(body, media_type="application/json", headers={"ETag": etag})
