"""``/events/``"""

from typing import Any
from urllib.parse import urlencode

from courseplatform.api import Page, Request, Service, set_body_etag

from . import event_log
from .models import DomainEvent
from .permissions import P
from .schemas import EventFeed

events = Service("events", "/events/")


@events.get(permission=P.READ_EVENTS, query=EventFeed, answer=Page(DomainEvent))
def list_events(request: Request) -> Any:
    """What happened after a sequence, oldest first: all to administrators, to teachers of the courses they teach.

    Ask again with the last ``sequence`` that you have; with the answer's ETag, 304 while there is nothing new.
    403 for a ``course_id`` that you don't teach. 409 ``sequence_unknown``.
    """
    asked = request.validated["querystring"]
    found, has_more = event_log.read_on(request, **asked)
    more = {**request.GET, "after": found[-1].sequence} if has_more else None
    page = {
        "results": request.represent(found),
        "next": f"{request.path}?{urlencode(more)}" if more else None,
        "previous": None,
    }
    return set_body_etag(request, page)
