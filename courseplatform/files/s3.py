"""Files in a bucket of Amazon S3, or of whatever speaks like it.

Every wait is bounded and what fails is Unavailable, so 503. One client serves all threads and keeps its connections.
"""

import base64
import hashlib
import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from boto3.session import Session
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from uuid_utils.compat import uuid7

from ..errors import Unavailable
from .storage import CHUNK_BYTES, ClosableStream, Measured, StoredFile, Stream, UploadAddress

log = logging.getLogger(__name__)

CONNECT_S, READ_S, ATTEMPTS = 3, 5, 2
#: How many threads may talk to S3 at once without opening connections for the occasion.
CONNECTIONS = 16
#: The smallest that S3 takes as a part of several: what one upload holds in memory.
PART_BYTES = 5 * 1024 * 1024
#: How long the address of a download is good: for its beginning, which follows at once.
DOWNLOAD_S = 300
#: What a browser does with it is said by the address of a download.
CONTENT_TYPE = "application/octet-stream"


class S3Files:
    """Files beneath ``prefix`` in ``files/``, uploads that wait to be taken in ``incoming/``.

    ``public``: a client for making addresses, where others reach S3 by another name than we do.
    """

    def __init__(self, client: Any, public: Any, bucket: str, prefix: str = "", has_redirects: bool = False) -> None:
        self.client, self.public, self.bucket, self.prefix = client, public, bucket, prefix
        self.has_redirects = has_redirects

    @classmethod
    def from_settings(cls, settings: Mapping[str, Any]) -> "S3Files":
        place, endpoint = urlsplit(settings["files.url"]), settings["files.s3_endpoint"]
        prefix = place.path.strip("/")
        return cls(
            make_client(settings, endpoint),
            make_client(settings, settings["files.s3_public_endpoint"] or endpoint),
            place.netloc,
            f"{prefix}/" if prefix else "",
            settings["files.redirects"],
        )

    def at(self, key: str) -> dict[str, str]:
        return {"Bucket": self.bucket, "Key": f"{self.prefix}files/{UUID(key)}"}

    def incoming(self, key: str) -> dict[str, str]:
        return {"Bucket": self.bucket, "Key": f"{self.prefix}incoming/{UUID(key)}"}

    def save(self, stream: Stream, max_bytes: int) -> StoredFile:
        return self.put(str(uuid7()), stream, max_bytes)

    def put(self, key: str, stream: Stream, max_bytes: int) -> StoredFile:
        measured = Measured(stream, max_bytes)
        part = measured.read_part(PART_BYTES)
        if len(part) < PART_BYTES:
            with asking("save"):
                self.client.put_object(**self.at(key), Body=part, ContentType=CONTENT_TYPE)
        else:
            self.save_parts(key, part, measured)
        return measured.stored(key)

    def save_parts(self, key: str, part: bytes, stream: Measured) -> None:
        place = self.at(key)
        done: list[dict[str, Any]] = []
        with asking("begin"):
            upload_id = self.client.create_multipart_upload(**place, ContentType=CONTENT_TYPE)["UploadId"]
        try:
            while part:
                number = len(done) + 1
                with asking("save"):
                    made = self.client.upload_part(**place, UploadId=upload_id, PartNumber=number, Body=part)
                done.append({"PartNumber": number, "ETag": made["ETag"]})
                part = stream.read_part(PART_BYTES)
            with asking("end"):
                self.client.complete_multipart_upload(**place, UploadId=upload_id, MultipartUpload={"Parts": done})
        except BaseException:
            # What is not reached is left to the bucket's own rule for uploads that never end.
            with suppress(Unavailable, FileNotFoundError), asking("give up"):
                self.client.abort_multipart_upload(**place, UploadId=upload_id)
            raise

    def open(self, key: str, start: int = 0, stop: int | None = None) -> ClosableStream:
        last = "" if stop is None else stop - 1
        which = {"Range": f"bytes={start}-{last}"} if start or stop is not None else {}
        with asking("read"):
            body: ClosableStream = self.client.get_object(**self.at(key), **which)["Body"]
        return body

    def check(self, key: str) -> None:
        with asking("look"):
            self.client.head_object(**self.at(key))

    def address_of(self, key: str, *, disposition: str, content_type: str) -> str | None:
        if not self.has_redirects:
            return None
        said = {"ResponseContentDisposition": disposition, "ResponseContentType": content_type}
        with asking("sign"):
            url: str = self.public.generate_presigned_url("get_object", {**self.at(key), **said}, DOWNLOAD_S)
        return url

    def proxied_at(self, key: str) -> str | None:
        return None

    def delete(self, key: str) -> None:
        with asking("delete"):
            self.client.delete_object(**self.at(key))

    def keys_older_than(self, timestamp_s: float) -> Iterator[str]:
        for key in self.listed("files/", timestamp_s):
            with suppress(ValueError):  # nothing of ours
                yield str(UUID(key))

    def offer(self, key: str, size_bytes: int, sha256: str, expires_at: datetime) -> UploadAddress | None:
        """The address bears our signature over the number of bytes and their hash, which S3 compares."""
        checksum = in_base64(bytes.fromhex(sha256))
        which = {**self.incoming(key), "ContentLength": size_bytes, "ChecksumSHA256": checksum}
        left_s = int((expires_at - datetime.now(UTC)).total_seconds())
        with asking("sign"):
            url = self.public.generate_presigned_url("put_object", which, left_s)
        return UploadAddress(url, {"x-amz-checksum-sha256": checksum})

    def receive(self, key: str, stream: Stream, size_bytes: int, sha256: str) -> None:
        raise FileNotFoundError("uploads go to S3 itself")

    def take(self, key: str, size_bytes: int, sha256: str) -> StoredFile:
        """A copy, to which no address that we gave leads; and it is the copy whose hash is compared."""
        taken = str(uuid7())
        with asking("look"):
            found = self.client.head_object(**self.incoming(key))
        if found["ContentLength"] != size_bytes:
            raise FileNotFoundError
        try:
            if self.copy(key, taken) != sha256:
                raise FileNotFoundError
        except BaseException:
            with suppress(Unavailable):
                self.delete(taken)
            raise
        return StoredFile(taken, size_bytes, sha256)

    def copy(self, key: str, taken: str) -> str:
        """The SHA-256 of the copy, as S3 has made it; of one that makes none, as we read it."""
        with asking("copy"):
            made = self.client.copy_object(
                **self.at(taken),
                CopySource=self.incoming(key),
                ChecksumAlgorithm="SHA256",
                MetadataDirective="REPLACE",
                ContentType=CONTENT_TYPE,
            )["CopyObjectResult"]
        if "ChecksumSHA256" in made:
            return base64.b64decode(made["ChecksumSHA256"]).hex()
        digest, body = hashlib.sha256(), self.open(taken)
        try:
            with asking("read"):
                while chunk := body.read(CHUNK_BYTES):
                    digest.update(chunk)
        finally:
            body.close()
        return digest.hexdigest()

    def discard(self, key: str) -> None:
        with asking("delete"):
            self.client.delete_object(**self.incoming(key))

    def discard_older_than(self, timestamp_s: float) -> None:
        for key in self.listed("incoming/", timestamp_s):
            with suppress(ValueError):
                self.discard(key)

    def listed(self, folder: str, before_s: float) -> Iterator[str]:
        prefix = self.prefix + folder
        pages = iter(self.client.get_paginator("list_objects_v2").paginate(Bucket=self.bucket, Prefix=prefix))
        while True:
            with asking("list"):
                page = next(pages, None)
            if page is None:
                return
            for found in page.get("Contents", ()):
                if found["LastModified"].timestamp() < before_s:
                    yield found["Key"].removeprefix(prefix)


@contextmanager
def asking(what: str) -> Iterator[None]:
    """Raises: FileNotFoundError for what is not there; Unavailable for whatever else S3, or the way to it, refuses."""
    try:
        yield
    except ClientError as error:
        told = error.response.get("Error", {}).get("Code", "")
        if told in ("404", "NoSuchKey"):
            raise FileNotFoundError from error
        log.error("S3 refuses to %s: %s", what, told)
        raise Unavailable() from error
    except BotoCoreError as error:
        log.error("S3 fails to %s: %s", what, type(error).__name__)
        raise Unavailable() from error


def make_client(settings: Mapping[str, Any], endpoint: str | None) -> Any:
    """A client that has asked nobody yet: it may be made before a process forks."""
    style = "path" if settings["files.s3_path_style"] else "auto"
    return Session().client(
        "s3",
        endpoint_url=endpoint,
        region_name=settings["files.s3_region"],
        aws_access_key_id=settings["files.s3_access_key_id"],
        aws_secret_access_key=settings["files.s3_secret_access_key"],
        config=Config(
            connect_timeout=CONNECT_S,
            read_timeout=READ_S,
            retries={"total_max_attempts": ATTEMPTS, "mode": "standard"},
            max_pool_connections=CONNECTIONS,
            signature_version="s3v4",
            # Each body is signed with its hash, which every S3 compares; newer headers for that not all know.
            s3={"addressing_style": style, "payload_signing_enabled": True},
            request_checksum_calculation="when_required",
            response_checksum_validation="when_required",
        ),
    )


def in_base64(digest: bytes) -> str:
    return base64.b64encode(digest).decode()
