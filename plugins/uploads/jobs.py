"""Background work of uploads."""

from sqlalchemy import delete

from courseplatform.api import Request

from .models import Upload


def purge_uploads(request: Request) -> None:
    """Forget uploads that are over, used or not. Bytes that nobody used go with the sweep of files."""
    request.db.execute(delete(Upload).where(Upload.expires_at < request.now))
