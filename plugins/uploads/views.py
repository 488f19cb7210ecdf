"""``/uploads/``"""

from typing import Any

from sqlalchemy import select

from courseplatform.api import NO_PERMISSION_REQUIRED, ListQuery, Request, Service

from . import operations
from .models import Upload
from .permissions import P
from .representations import address_json
from .schemas import AddressQuery, BegunUploadAnswer, UploadBody

ITEM = "/uploads/{upload_id}/"

uploads = Service("uploads", "/uploads/")
upload = Service("upload", ITEM)
content = Service("upload_content", ITEM + "content/", facet_of=ITEM)


@uploads.get(permission=P.LIST, query=ListQuery)
def list_uploads(request: Request) -> Any:
    """The own uploads, newest first; they are listed for a day."""
    own = select(Upload).where(Upload.owner_id == request.identity.id)
    return request.paginate(own, order=(Upload.id,))


@uploads.post(permission=P.BEGIN, body=UploadBody, answer=BegunUploadAnswer, has_dry_run=False)
def begin_upload(request: Request) -> Any:
    """Announce a file, and be told where to send its bytes: ``upload`` is in this answer and never again.

    Send them to its ``url`` by its ``method`` with its ``headers``, and without your token; any 2xx means that they
    have come. Then name the upload's ``id`` where it belongs, as ``upload_id`` in a submission, before ``expires_at``.
    409 ``uploads_exhausted``; 413 for a file that is too large; 429 for too many, also of those given up.
    """
    # What the storage's own addresses take lies there for a day, whatever becomes of the upload.
    request.hit_limit("uploads", f"user:{request.identity.id}")
    made, address = operations.begin_upload(request, owner_id=request.identity.id, **request.validated["body"])
    return {**request.created(made), "upload": address_json(address)}


@upload.get(permission=P.OWN)
def show_upload(request: Request) -> Any:
    """One of the own uploads."""
    return request.represent(request.context.row)


@upload.delete(permission=P.OWN)
def give_up_upload(request: Request) -> Any:
    """Give an upload up, and what came of it. What it was used for stays."""
    operations.give_up(request, request.context.row)
    return request.no_content()


@content.put(permission=NO_PERMISSION_REQUIRED, query=AddressQuery, is_body_raw=True, status=204, has_dry_run=False)
def receive_bytes(request: Request) -> Any:
    """Where an upload's ``url`` leads if the storage takes none itself: the body is the file, whatever its type.

    Who has the address needs no token. It may be repeated until the upload is used. 400 ``upload_differs``;
    409 ``upload_consumed``, ``upload_expired``.
    """
    request.body_file_raw.seek(0)  # this may be the request's second attempt
    token = request.validated["querystring"]["token"]
    operations.receive_bytes(request, request.context.row, token, request.body_file_raw)
    return request.no_content()
