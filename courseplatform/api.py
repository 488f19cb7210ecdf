"""Everything that a plugin may import from core. Re-exports only; versioned like a library.

Directives (``config.add_…``) and request attributes (``request.db``, ``identity``, ``now``, ``emit``, ``enqueue``,
``represent``, ``paginate``, ``created``, ``no_content``, ``save_file``, ``delete_file``, ``send_file``, ``send_bytes``,
``on_abort``, ``own_transaction``, ``audit``, ``audit_now``, ``hit_limit``, ``clear_limit``, ``client_address``,
``client_network``, ``request_id``) need no import.
"""

from pyramid.authorization import ALL_PERMISSIONS, Allow, Authenticated, Deny, Everyone
from pyramid.config import Configurator
from pyramid.request import Request
from pyramid.security import NO_PERMISSION_REQUIRED

from .db import Base, Bytes, Timestamped, UuidKey, script_request
from .errors import (
    ApiError,
    Conflict,
    Fault,
    Forbidden,
    Invalid,
    NotFound,
    PayloadTooLarge,
    PreconditionFailed,
    PreconditionRequired,
    TooManyRequests,
    Unauthenticated,
    Unavailable,
    UnsupportedMediaType,
)
from .etags import check_body_match, check_match, digest, set_body_etag
from .events import Event
from .files import safe_type
from .ingress import read_json
from .jobs import run_due_jobs
from .metrics import gauge
from .neighbours import plugins_on
from .outbound import AddressGuard, AddressRefused, BoundedAdapter, TooLarge, Unresolvable, ip_networks
from .resources import Collection, Item, Node, Root
from .schemas import (
    Body,
    Choice,
    Flag,
    Id,
    ItemQuery,
    Listing,
    ListQuery,
    Moment,
    Query,
    Text,
    Url,
    Whole,
    drop,
    field,
)
from .security import holds_role, known_scopes, role_principals, user_principal
from .service import Service
from .settings import positive_int
from .settings import raw as raw_setting
