"""``/users/``"""

from typing import Any

from pyramid.response import Response
from sqlalchemy import func, or_, select

from courseplatform.api import Anything, Forbidden, Request, Service

from . import operations
from .exports import export
from .models import User
from .permissions import P
from .schemas import Erasure, UserBody, UserList

users = Service("users", "/users/")
user = Service("user", "/users/{user_id}/")
me = Service("me", "/users/me/")
my_export = Service("export", "/users/me/export/", facet_of="/users/me/")


@users.get(permission=P.LIST, query=UserList)
def list_users(request: Request) -> Any:
    """All users, newest first. Administrators only."""
    asked = request.validated["querystring"]
    found = select(User)
    if asked["role"]:
        found = found.where(User.role == asked["role"])
    if asked["is_active"] is not None:
        found = found.where(User.is_active == asked["is_active"])
    if asked["search"]:
        start = asked["search"].lower()
        found = found.where(
            or_(
                func.lower(User.username).startswith(start, autoescape=True),
                func.lower(User.email).startswith(start, autoescape=True),
            )
        )
    return request.paginate(found, order=(User.id,), is_descending=asked["ordering"].startswith("-"))


@user.get(permission=P.VIEW)
@me.get(permission=P.VIEW)
def show_user(request: Request) -> Any:
    """One user: everything to themselves and to administrators, a public card to others."""
    return request.represent(request.context.row)


@user.put(permission=P.EDIT, body=UserBody)
@user.patch(permission=P.EDIT, body=UserBody)
@me.patch(permission=P.EDIT, body=UserBody)
def update_user(request: Request) -> Any:
    """Change a user. ``role`` and ``is_active`` are for administrators, and never for the own account.

    403 ``own_account``. 409 ``username_taken``, ``email_taken``, ``last_admin``, ``account_erased``.
    """
    operations.update_user(
        request,
        request.context.row,
        request.validated["body"],
        by_user_id=request.identity.id,
        may_administer=bool(request.has_permission(P.ADMINISTER)),
    )
    return request.represent(request.context.row)


@user.delete(permission=P.ERASE, query=Erasure)
def erase_user(request: Request) -> Any:
    """Erase a user in place: personal data goes, grades and certificates stay, pseudonymous.

    403 ``own_account``: use ``/users/me/``. 409 ``last_admin``; 409 ``owns_courses`` unless ``?transfer_to=`` names
    a teacher.
    """
    if request.context.row.id == request.identity.id:
        raise Forbidden("own_account")
    return erase(request)


@me.delete(permission=P.ERASE, query=Erasure)
def erase_me(request: Request) -> Any:
    """Erase the own account. 409 ``owns_courses``, ``last_admin``."""
    return erase(request)


@my_export.get(permission=P.EXPORT, answer=Anything)
def export_me(request: Request) -> Any:
    """Everything that the platform knows about the caller, as one JSON document. 429 after a few an hour.

    Files are named by address and hash.
    """
    request.hit_limit("export", f"account:{request.identity.id}")
    response = Response(body=export(request, request.identity.id), content_type="application/json")
    response.headers["Content-Disposition"] = 'attachment; filename="export.json"'
    return response


def erase(request: Request) -> Any:
    transfer_to_id = request.validated["querystring"]["transfer_to"]
    operations.erase_user(request, request.context.row, by_user_id=request.identity.id, transfer_to_id=transfer_to_id)
    return request.no_content()
