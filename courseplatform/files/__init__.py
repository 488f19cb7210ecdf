"""Files, on local disk or in S3: hashed while they stream, limited in size, under keys the server makes.

A file saved in a transaction that is rolled back is removed again; one deleted goes after the commit. What a crash
between the two leaves behind is swept. Uploads go past us where the storage takes them itself: an address that it
takes just the announced bytes at, and a copy of them, under another key, once they are used.

| file | holds |
|---|---|
| ``storage`` | what every storage can do |
| ``local``, ``s3`` | the two that there are |
| ``keeping`` | saving, deleting, uploads: bound to a transaction |
| ``sending`` | downloads and ranges |
| ``sweeping`` | what is left behind, and who owns files |
| ``names`` | names and types of files |
"""

import re
from collections.abc import Iterator, Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from pyramid.config import Configurator
from pyramid.settings import asbool

from ..ingress import base_url
from .keeping import delete_file, discard_upload, offer_upload, receive_upload, save_file, take_upload
from .local import LocalFiles
from .names import safe_name, safe_type
from .sending import make_attachment, send_bytes, send_file
from .storage import CHUNK_BYTES, FileStorage, StoredFile, UploadAddress
from .sweeping import SWEEP_EVERY_S, FileOwner, add_file_owner, sweep_files

__all__ = [
    "CHUNK_BYTES",
    "FileOwner",
    "LocalFiles",
    "StoredFile",
    "UploadAddress",
    "add_file_owner",
    "delete_file",
    "discard_upload",
    "make_attachment",
    "offer_upload",
    "receive_upload",
    "safe_name",
    "safe_type",
    "save_file",
    "send_bytes",
    "send_file",
    "sweep_files",
    "take_upload",
]


def s3_url(raw: str) -> str:
    """``s3://bucket`` or ``s3://bucket/prefix``. Raises: ValueError."""
    parts = urlsplit(raw)
    if parts.scheme != "s3" or not parts.netloc or parts.query or parts.fragment or "@" in parts.netloc:
        raise ValueError
    return raw


def accel_prefix(raw: str) -> str:
    """``/_files/``: a path that nginx keeps for itself. Raises: ValueError."""
    if not re.fullmatch(r"(/[A-Za-z0-9_-]+)+/", raw) or raw.startswith("/api/"):
        raise ValueError
    return raw


def check(settings: Mapping[str, Any]) -> Iterator[str]:
    """Faults of the settings together."""
    if settings["files.url"] and not find_spec("boto3"):
        yield "files.url: needs boto3; pip install courseplatform[s3]"
    if bool(settings["files.s3_access_key_id"]) != bool(settings["files.s3_secret_access_key"]):
        yield "files.s3_access_key_id: it and files.s3_secret_access_key need each other"
    if settings["files.accel_prefix"] and settings["files.url"]:
        yield "files.accel_prefix: files are in S3, where nginx has none; see files.redirects"


def open_storage(settings: Mapping[str, Any]) -> FileStorage:
    """The storage that the settings name. Asks nobody anything."""
    if settings["files.url"]:
        from .s3 import S3Files  # which needs an extra

        return S3Files.from_settings(settings)
    return LocalFiles(Path(settings["courseplatform.var_dir"]) / "files", settings["files.accel_prefix"])


def includeme(config: Configurator) -> None:
    config.registry["files.owners"] = []
    config.add_directive("add_file_owner", add_file_owner)
    config.add_periodic_job(sweep_files, every_s=SWEEP_EVERY_S)
    config.add_setting("files.url", s3_url)
    config.add_setting("files.s3_endpoint", base_url)
    config.add_setting("files.s3_public_endpoint", base_url)
    config.add_setting("files.s3_region", default="us-east-1")
    config.add_setting("files.s3_path_style", asbool, default=False)
    config.add_setting("files.s3_access_key_id")
    config.add_setting("files.s3_secret_access_key", secret=True, min_chars=8)
    config.add_setting("files.redirects", asbool, default=False)
    config.add_setting("files.accel_prefix", accel_prefix)
    config.add_settings_check(check)

    def open_files() -> None:
        config.registry["files"] = open_storage(config.registry.settings)

    config.action("files", open_files)
