"""A backup on disk: a folder, named after its moment in UTC, that needs no other.

    2026-07-29T01-30-00Z/
        manifest.json       versions, revisions, sizes, and the hashes of the next two
        database.dump       pg_dump's custom format
        files.sha256        a line for each file, as `sha256sum --check` reads it
        files/<two letters>/<key>

While it is made its name ends in ``.part``: what has its name is whole. Files that the backup before it has too are
hard links to the same bytes, where the file system knows links.
"""

import hashlib
import json
import os
import re
import shutil
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from datetime import datetime
from pathlib import Path
from uuid import UUID

from ..files.local import LocalFiles
from ..files.storage import CHUNK_BYTES, Stream

FORMAT = 1
NAME = re.compile(r"\d{4}-\d\d-\d\dT\d\d-\d\d-\d\dZ")
LINE = re.compile(r"(?P<sha256>[0-9a-f]{64})  (?P<path>files/[0-9a-f]{2}/(?P<key>[0-9a-f-]{36}))")


class BackupError(Exception):
    """What can't be done, in a sentence for the operator."""


@dataclass(frozen=True)
class Manifest:
    """``secrets``: a fingerprint of those that sealed rows need. ``missing``: keys whose files were lost before."""

    made_at: str
    platform: str
    server_version: int
    revisions: dict[str, list[str]]
    secrets: str
    database_bytes: int
    database_sha256: str
    files_count: int
    files_bytes: int
    files_sha256: str
    missing: list[str] = field(default_factory=list)
    format: int = FORMAT


class Archive:
    """A backup in ``folder``; ``files`` is its storage, laid out like that of ``var_dir``."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.files = folder, LocalFiles(folder / "files")
        self.database, self.sums, self.manifest = (
            folder / name for name in ("database.dump", "files.sha256", "manifest.json")
        )

    def read_manifest(self) -> Manifest:
        """Raises: BackupError."""
        try:
            read = json.loads(self.manifest.read_text(encoding="utf-8"))
            if read["format"] != FORMAT:
                raise BackupError(f"{self.manifest} has the format {read['format']}; the code here knows {FORMAT}.")
            return Manifest(**read)
        except FileNotFoundError:
            raise BackupError(f"{self.folder} is no backup, or was not finished: it has no manifest.json.") from None
        except (ValueError, TypeError, KeyError) as error:
            raise BackupError(f"{self.manifest} is torn or not ours: {type(error).__name__}.") from None

    def write_manifest(self, manifest: Manifest) -> None:
        self.manifest.write_text(json.dumps(asdict(manifest), indent=2) + "\n", encoding="utf-8")

    def read_sums(self) -> dict[str, str]:
        """By key, what each file's hash has to be. Raises: BackupError."""
        found = {}
        for line in self.sums.read_text(encoding="ascii").splitlines():
            match = LINE.fullmatch(line)
            if match is None or self.path(match["key"]) != match["path"]:
                raise BackupError(f"{self.sums} has a line that is not ours: {line!r}")
            found[match["key"]] = match["sha256"]
        return found

    def write_sums(self, sums: dict[str, str]) -> None:
        with self.sums.open("w", encoding="ascii") as target:
            target.writelines(f"{sums[key]}  {self.path(key)}\n" for key in sorted(sums))

    def path(self, key: str) -> str:
        """Of a file, from the backup's folder on. Raises: BackupError for what is no key."""
        try:
            return self.files.path(str(UUID(key))).relative_to(self.folder).as_posix()
        except ValueError:
            raise BackupError(f"{key!r} is no key of a file.") from None

    def check(self) -> tuple[Manifest, dict[str, str]]:
        """The manifest, and the hash of each file; every byte is read. Raises: BackupError for any that has changed."""
        manifest = self.read_manifest()
        for path, expected in ((self.database, manifest.database_sha256), (self.sums, manifest.files_sha256)):
            require(path, expected)
        sums = self.read_sums()
        for key, expected in sums.items():
            require(self.folder / self.path(key), expected)
        return manifest, sums


def require(path: Path, expected: str) -> None:
    """Raises: BackupError."""
    try:
        found = hash_of(path)
    except OSError as error:
        raise BackupError(f"{path} can't be read: {type(error).__name__}.") from None
    if found != expected:
        raise BackupError(f"{path} is not as it was made: its SHA-256 is another than the backup says.")


def hash_of(path: Path) -> str:
    with path.open("rb") as stream:
        return sha256_of(stream)


def sha256_of(stream: Stream) -> str:
    digest = hashlib.sha256()
    while chunk := stream.read(CHUNK_BYTES):
        digest.update(chunk)
    return digest.hexdigest()


def name_of(moment: datetime) -> str:
    return f"{moment:%Y-%m-%dT%H-%M-%SZ}"


def finished(into: Path) -> list[Archive]:
    """The backups that are whole, the oldest first."""
    return [Archive(path) for path in sorted(into.glob("*Z")) if NAME.fullmatch(path.name) and path.is_dir()]


def unfinished(into: Path) -> Iterator[Path]:
    """What runs that were killed have left."""
    return (path for path in into.glob("*Z.part") if NAME.fullmatch(path.name.removesuffix(".part")))


def flush(path: Path) -> None:
    """Onto the disk: a file's bytes, or a folder's names."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def remove(path: Path) -> None:
    shutil.rmtree(path)
