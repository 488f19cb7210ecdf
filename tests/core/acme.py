"""A plugin with tables of its own, written into a folder: what a third party installs.

It is never imported into the tests' process, where other tests empty every table that has a model.
"""

import os
import subprocess
import sys
from pathlib import Path

IMPORT_MODELS = 'config.include("acme_badges.models")'
INIT = f"""
def includeme(config):
    config.add_migrations("acme_badges:migrations")
    config.include("plugins.courses")
    {IMPORT_MODELS}
"""

MODELS = """
from uuid import UUID

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from courseplatform.api import Base, Timestamped


class Badge(Timestamped, Base):
    __tablename__ = "badges"

    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    course_id: Mapped[UUID] = mapped_column(ForeignKey("courses.id"))
    level: Mapped[int]


def includeme(config):
    pass
"""

FIRST = '''
"""badges"""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.create_table(
        "badges",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("course_id", sa.Uuid(), nullable=False),
        sa.Column("level", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk__badges__user_id"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["course_id"], ["courses.id"], name=op.f("fk__badges__course_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk__badges")),
    )
    op.create_index("ix__badges__user_id", "badges", ["user_id"])


def downgrade() -> None:
    op.drop_table("badges")
'''

SECOND = '''
"""awards"""

from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.execute("CREATE TABLE badge_awards (badge_id uuid REFERENCES badges (id))")


def downgrade() -> None:
    op.execute("DROP TABLE badge_awards")
'''

INI = """
[app:main]
use = egg:courseplatform
courseplatform.plugins = {plugins}
courseplatform.var_dir = %(here)s/var
accounts.token_secret = kY3r0m5Qx8TzN1vBc7LwJ2hGf9DsA4pE
http.base_url = https://courses.test
mail.folder = %(here)s/mail
{more}
"""


def write_package(folder: Path, package: str, files: dict[str, str]) -> Path:
    """A package in ``folder``; ``files`` by their path without ``.py``."""
    for name, text in files.items():
        path = folder / package / f"{name}.py"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return folder / package


def write_badges(folder: Path, **revisions: str) -> Path:
    """The plugin, with its revisions by the names of their files."""
    files = {f"migrations/{name.strip('_')}": text for name, text in revisions.items()}
    return write_package(folder, "acme_badges", {"__init__": INIT, "models": MODELS, **files})


def write_ini(folder: Path, plugins: str, more: str = "") -> Path:
    ini = folder / "platform.ini"
    ini.write_text(INI.format(plugins=plugins, more=more))
    return ini


def start(folder: Path, *command: object, url: str = "") -> "subprocess.Popen[str]":
    """A command of the virtual environment in a process that finds the packages in ``folder``."""
    environ = {k: v for k, v in os.environ.items() if not k.startswith(("COURSEPLATFORM_", "DATABASE_", "REDIS_"))}
    environ |= {"PYTHONPATH": str(folder)} | ({"DATABASE_URL": url} if url else {})
    name, *rest = map(str, command)
    script = [sys.executable] if name == "python" else [str(Path(sys.executable).with_name(name))]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.STDOUT}
    return subprocess.Popen([*script, *rest], cwd=folder, env=environ, text=True, **pipes)


def run(folder: Path, *command: object, url: str = "", status: int = 0, typed: str = "") -> str:
    """All that the command prints."""
    with start(folder, *command, url=url) as process:
        printed, _ = process.communicate(typed, timeout=120)
    assert process.returncode == status, printed
    return printed
