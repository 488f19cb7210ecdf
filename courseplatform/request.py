"""``Request``: what views, operations, jobs and subscribers are given; all that core adds to Pyramid's, on one page."""

import functools
from typing import TYPE_CHECKING, Any, Protocol
from uuid import UUID

import pyramid.request
from pyramid.config import Configurator
from pyramid.interfaces import IRequestExtensions, IRequestFactory
from pyramid.registry import Registry

from .audit import audit, audit_now, request_id
from .callers import caller_of
from .db import is_script, on_abort, own_transaction, request_session, request_time, savepoint
from .dryrun import Foreseen, is_dry_run
from .events import emit
from .extending import LATE
from .files import (
    delete_file,
    discard_upload,
    offer_upload,
    receive_upload,
    save_file,
    send_bytes,
    send_file,
    take_upload,
)
from .jobs import enqueue
from .limits import clear_limit, client_address, client_network, hit_limit
from .mail import send_mail
from .metrics.counters import count, count_now
from .pagination import paginate
from .representation import created, no_content, represent
from .tables import send_table

if TYPE_CHECKING:
    from functools import cached_property
else:

    class cached_property(functools.cached_property):  # noqa: N801
        """Without the lock that Python 3.11's has: all threads would wait for it."""

        def __get__(self, request: Any, owner: Any = None) -> Any:
            if request is None:
                return self
            value = request.__dict__[self.attrname] = self.func(request)
            return value


class Identity(Protocol):
    """Who calls. ``scopes`` narrow what a program may do for them; None: they signed in themselves."""

    id: UUID
    role: str
    scopes: frozenset[str] | None


class Request(pyramid.request.Request):
    """A request of the web, of a job or of a command. Each line names the function whose docstring says what it does.

    ``identity``: None for an anonymous caller, who gets no further than views that everybody may use.
    ``context``: the node of the address; ``context.row`` its row. ``validated``: what the schemas made of the input,
    under ``body`` and ``querystring``.
    """

    identity: Identity | Any
    context: Any
    validated: dict[str, Any]

    db = cached_property(request_session)
    now = cached_property(request_time)
    is_script = cached_property(is_script)
    request_id = cached_property(request_id)
    client_address = cached_property(client_address)
    client_network = cached_property(client_network)
    is_dry_run = cached_property(is_dry_run)
    # Core's own. Plugins ask for ``identity``; of the request, not of the environ: a retry reads its rights anew.
    caller = cached_property(caller_of)
    foreseen = cached_property(Foreseen)

    emit = emit
    enqueue = enqueue
    on_abort = on_abort
    own_transaction = own_transaction
    savepoint = savepoint

    represent = represent
    paginate = paginate
    created = created
    no_content = no_content

    save_file = save_file
    delete_file = delete_file
    send_file = send_file
    send_bytes = send_bytes
    offer_upload = offer_upload
    receive_upload = receive_upload
    take_upload = take_upload
    discard_upload = discard_upload
    send_table = send_table
    send_mail = send_mail

    audit = audit
    audit_now = audit_now
    count = count
    count_now = count_now
    hit_limit = hit_limit
    clear_limit = clear_limit


def settle(registry: Registry) -> None:
    """Make what libraries and plugins add to requests part of their class: Pyramid makes a class for each request."""
    extensions: Any = registry.queryUtility(IRequestExtensions)
    factory = type("Request", (Request,), {"__module__": __name__, **extensions.descriptors})
    registry.registerUtility(factory, IRequestFactory)
    extensions.descriptors.clear()


def includeme(config: Configurator) -> None:
    config.set_request_factory(Request)
    config.action("request class", settle, args=(config.registry,), order=LATE)
