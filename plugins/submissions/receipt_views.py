"""``…/submissions/{submission_id}/receipt/``: the proof that work was handed in, for its student to keep."""

from typing import Any

from courseplatform.api import NotFound, Request, Service, set_body_etag

from .permissions import P
from .receipts import receipt
from .schemas import SignedReceiptAnswer
from .views import SUBMISSION

signed_receipt = Service("submission_receipt", SUBMISSION + "receipt/", facet_of=SUBMISSION)


@signed_receipt.get(permission=P.VIEW, answer=SignedReceiptAnswer)
def show_receipt(request: Request) -> Any:
    """The receipt of the work as it is now, signed: keep the answer, anyone can verify it with the published keys.

    Hashes of text and file, when they arrived, and the deadline as it was then. 404 for a draft.
    """
    if request.context.row.is_draft:
        raise NotFound()
    request.response.headers["Content-Disposition"] = 'attachment; filename="receipt.json"'
    return set_body_etag(request, receipt(request, request.context.row))
