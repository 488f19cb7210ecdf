"""Everything that a plugin may import from core. Re-exports only; versioned like a library.

``Configurator`` lists the directives (``config.add_…``), ``Request`` what views, operations and jobs are given.
"""

from colander import drop
from pyramid.authorization import ALL_PERMISSIONS, Allow, Authenticated, Deny, Everyone
from pyramid.security import NO_PERMISSION_REQUIRED

from .answers import Binary, OneOf, Page
from .bulk import BulkAnswer, BulkQuery, Row, RowAnswer, Rows, RowsReader, TableQuery, do_rows, refuse_repeated
from .callers import IdentitySource, holds_role, learn_roles
from .configurator import Configurator
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
from .etags import check_body_match, check_match, check_row_match, digest, row_etag, set_body_etag
from .events import Event
from .files import StoredFile, UploadAddress, safe_name, safe_type
from .idempotency import forget_answers
from .ingress import read_json
from .jobs import run_due_jobs
from .locks import lock_number
from .metrics import gauge
from .neighbours import plugins_on
from .outbound import AddressGuard, AddressRefused, BoundedAdapter, TooLarge, Unresolvable, ip_networks
from .problems import Problem
from .request import Identity, Request
from .resources import Collection, Item, Node, Root, is_held
from .schemas import (
    Answer,
    AnyText,
    Anything,
    Body,
    Choice,
    Flag,
    Id,
    ItemQuery,
    Listing,
    ListQuery,
    Moment,
    Number,
    Query,
    SearchQuery,
    Text,
    Url,
    Whole,
    field,
)
from .search import Search, searched
from .security import known_scopes, require_permission, role_principals, user_principal
from .service import Service
from .settings import positive_int
from .settings import raw as raw_setting
from .tables import wants_csv

__all__ = [
    "ALL_PERMISSIONS",
    "NO_PERMISSION_REQUIRED",
    "AddressGuard",
    "AddressRefused",
    "Allow",
    "Answer",
    "AnyText",
    "Anything",
    "ApiError",
    "Authenticated",
    "Base",
    "Binary",
    "Body",
    "BoundedAdapter",
    "BulkAnswer",
    "BulkQuery",
    "Bytes",
    "Choice",
    "Collection",
    "Configurator",
    "Conflict",
    "Deny",
    "Event",
    "Everyone",
    "Fault",
    "Flag",
    "Forbidden",
    "Id",
    "Identity",
    "IdentitySource",
    "Invalid",
    "Item",
    "ItemQuery",
    "ListQuery",
    "Listing",
    "Moment",
    "Node",
    "NotFound",
    "Number",
    "OneOf",
    "Page",
    "PayloadTooLarge",
    "PreconditionFailed",
    "PreconditionRequired",
    "Problem",
    "Query",
    "Request",
    "Root",
    "Row",
    "RowAnswer",
    "Rows",
    "RowsReader",
    "Search",
    "SearchQuery",
    "Service",
    "StoredFile",
    "TableQuery",
    "Text",
    "Timestamped",
    "TooLarge",
    "TooManyRequests",
    "Unauthenticated",
    "Unavailable",
    "Unresolvable",
    "UnsupportedMediaType",
    "UploadAddress",
    "Url",
    "UuidKey",
    "Whole",
    "check_body_match",
    "check_match",
    "check_row_match",
    "digest",
    "do_rows",
    "drop",
    "field",
    "forget_answers",
    "gauge",
    "holds_role",
    "ip_networks",
    "is_held",
    "known_scopes",
    "learn_roles",
    "lock_number",
    "plugins_on",
    "positive_int",
    "raw_setting",
    "read_json",
    "refuse_repeated",
    "require_permission",
    "role_principals",
    "row_etag",
    "run_due_jobs",
    "safe_name",
    "safe_type",
    "script_request",
    "searched",
    "set_body_etag",
    "user_principal",
    "wants_csv",
]
