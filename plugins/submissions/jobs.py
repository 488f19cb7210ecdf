"""Background work of submissions."""

from datetime import timedelta
from itertools import islice

from sqlalchemy import select

from courseplatform.api import Request

from .models import Submission

#: Long after any request that stored a file has committed or been rolled back.
ORPHAN_AGE = timedelta(days=1)
CHUNK = 500


def sweep_files(request: Request) -> None:
    """Delete stored files that no submission names: what a crash left between disk and database. Idempotent."""
    storage = request.registry["files"]
    before_s = (request.now - ORPHAN_AGE).timestamp()
    candidates = storage.keys_older_than(before_s)
    while keys := list(islice(candidates, CHUNK)):
        named = set(request.db.scalars(select(Submission.file_key).where(Submission.file_key.in_(keys))))
        for key in set(keys) - named:
            storage.delete(key)
