"""Whether a database has the tables that this code needs: core's history, and those of the plugins that are on.

A database that is ahead is well: newer code has migrated it, and old code runs on the new schema.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy import column, literal, select, table, text, union_all
from sqlalchemy.orm import Session

from .histories import CORE, History


@dataclass(frozen=True)
class Version:
    """What one history is to be at; ``known``: all revisions of this code."""

    history: History
    heads: frozenset[str]
    known: frozenset[str]

    def is_behind(self, current: set[str]) -> bool:
        return current <= self.known and not self.heads <= current


def needed_versions(histories: Iterable[History]) -> list[Version]:
    """Reads every revision, which takes a moment."""
    from alembic.script import ScriptDirectory

    from .migrations import config

    found = []
    for history in (CORE, *histories):
        if not history.folder.is_dir():  # `migrate` says so: there is nothing to be at
            continue
        scripts = ScriptDirectory.from_config(config("postgresql://", history))
        known = frozenset(script.revision for script in scripts.walk_revisions())
        found.append(Version(history, frozenset(scripts.get_heads()), known))
    return found


def behind(db: Session, versions: Sequence[Version]) -> dict[str, str]:
    """The histories that ``courseplatform migrate`` has to bring up to date: name → where it is. Two statements."""
    tables = [version.history.version_table for version in versions]
    there = db.scalars(
        text(
            "SELECT relname FROM pg_class WHERE relkind = 'r' AND relname = ANY(:tables)"
            " AND relnamespace = to_regnamespace(current_schema()::text)"
        ),
        {"tables": tables},
    ).all()
    current: dict[str, set[str]] = {name: set() for name in tables}
    if there:
        rows = (select(literal(name), column("version_num")).select_from(table(name)) for name in there)
        for name, revision in db.execute(union_all(*rows)):
            current[name].add(revision)
    return {
        version.history.name: ", ".join(sorted(current[version.history.version_table])) or "nothing"
        for version in versions
        if version.is_behind(current[version.history.version_table])
    }
