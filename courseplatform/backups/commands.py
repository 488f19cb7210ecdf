"""``courseplatform backup INI FOLDER`` and ``restore INI BACKUP``."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click
from pyramid.exceptions import ConfigurationError
from pyramid.paster import get_appsettings
from pyramid.registry import Registry

from .. import configure
from ..errors import Unavailable
from ..logs import start_logging
from .archive import Archive, BackupError
from .making import forget_all_but, make_backup
from .restoring import restore_backup

#: Of a backup that is whole but for files that were lost before it was made.
FILES_ARE_MISSING = 3

ini = click.argument("ini", type=click.Path(exists=True, dir_okay=False))


@contextmanager
def platform(ini: str) -> Iterator[Registry]:
    """The platform of an ini file, which asks its database nothing by itself. Raises: click.ClickException."""
    try:
        start_logging(ini)
        yield configure(get_appsettings(ini)).registry
    except Unavailable as error:
        raise click.ClickException("S3 does not answer; the log says why.") from error
    except (BackupError, ConfigurationError, OSError) as error:  # the folder of somebody else, a full disk
        raise click.ClickException(str(error)) from error


@click.command()
@ini
@click.argument("into", metavar="FOLDER", type=click.Path(file_okay=False, path_type=Path))
@click.option("--keep", type=click.IntRange(1), help="Delete all but the newest so many, once this one is whole.")
def backup(ini: str, into: Path, keep: int | None) -> None:
    """Save the database and its files in a new folder in FOLDER. The platform may run meanwhile."""
    with platform(ini) as registry:
        archive, manifest = make_backup(registry, into)
    click.echo(
        f"{archive.folder} is whole: {manifest.database_bytes} bytes of database,"
        f" {manifest.files_count} files of {manifest.files_bytes} bytes."
    )
    for folder in forget_all_but(into, keep) if keep else ():
        click.echo(f"{folder} is deleted.")
    if manifest.missing:
        some = ", ".join(manifest.missing[:10])
        click.echo(f"{len(manifest.missing)} files that rows name were lost before: {some}", err=True)
        sys.exit(FILES_ARE_MISSING)


@click.command()
@ini
@click.argument("folder", metavar="BACKUP", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--check", "is_check", is_flag=True, help="Only read the backup, and say whether it is as it was made.")
@click.option("--hold-jobs", is_flag=True, help="What was promised and not done waits for `courseplatform jobs retry`.")
def restore(ini: str, folder: Path, is_check: bool, hold_jobs: bool) -> None:
    """Bring BACKUP, one folder of those that `backup` makes, into an empty database and its storage of files."""
    with platform(ini) as registry:
        if is_check:
            manifest, _ = Archive(folder).check()
            click.echo(f"{folder} is as it was made at {manifest.made_at}: {manifest.files_count} files.")
            return
        restored = restore_backup(registry, folder, hold_jobs)
    manifest = restored.manifest
    there = manifest.files_count - restored.files_written
    click.echo(f"Restored as of {manifest.made_at}: {restored.files_written} files, {there} were there already.")
    if restored.undone:
        jobs = ", ".join(f"{count} {name}" for name, count in restored.undone.items())
        click.echo(f"{'Held until `jobs retry`' if hold_jobs else 'Will run when workers start'}: {jobs}.")
    if manifest.missing:
        click.echo(f"{len(manifest.missing)} files were lost before the backup: {', '.join(manifest.missing[:10])}")
    if not restored.has_same_secrets:
        click.echo("The secrets here are not those of the backup: see docs/operations.md, Signing keys.", err=True)
    click.echo("Now run `courseplatform migrate`.")
