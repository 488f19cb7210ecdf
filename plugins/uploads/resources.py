"""``/uploads``"""

from typing import Any

from courseplatform.api import Allow, Authenticated, Collection, Deny, Everyone, Item, user_principal

from .models import Upload
from .permissions import P


class UploadItem(Item):
    """``/uploads/{upload_id}``: its owner's alone, also to administrators."""

    model, kind, view_permission = Upload, "upload", P.OWN

    @property
    def __acl__(self) -> Any:
        return [(Allow, user_principal(self.row.owner_id), P.OWN), (Deny, Everyone, P.OWN)]


class Uploads(Collection):
    """``/uploads``: the caller's own."""

    item = UploadItem
    __acl__ = [(Allow, Authenticated, (P.LIST, P.BEGIN))]
