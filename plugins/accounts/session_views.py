"""``/auth/sessions/``: where one is signed in, and signing out there."""

from typing import Any

from courseplatform.api import ListQuery, Request, Service

from . import sessions as verbs
from .models import SignInSession
from .permissions import P

sessions = Service("sessions", "/auth/sessions/")
session = Service("session", "/auth/sessions/{session_id}/")
end_others = Service("sessions_end_others", "/auth/sessions/end-others/", facet_of="/auth/sessions/")


@sessions.get(permission=P.LIST_SESSIONS, query=ListQuery)
def list_sessions(request: Request) -> Any:
    """The own sessions that have not ended, newest first."""
    return request.paginate(verbs.living_sessions(request, request.identity.id), order=(SignInSession.id,))


@session.get(permission=P.MANAGE_SESSION)
def show_session(request: Request) -> Any:
    """One of the own sessions: when and from where it began. 404 for an ended one and for other people's."""
    return request.represent(request.context.row)


@session.delete(permission=P.MANAGE_SESSION)
def end_session(request: Request) -> Any:
    """End one of the own sessions: its access and refresh tokens are refused from now on."""
    verbs.end_session(request, request.context.row.id)
    return request.no_content()


@end_others.post(permission=P.LIST_SESSIONS, status=204)
def end_other_sessions(request: Request) -> Any:
    """End all own sessions but the one that asks."""
    verbs.end_other_sessions(request, user_id=request.identity.id, session_id=request.identity.session_id)
    return request.no_content()
