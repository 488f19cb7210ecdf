"""notes"""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "newplugin_name_notes",
        sa.Column("course_id", sa.Uuid(), nullable=False),
        sa.Column("author_id", sa.Uuid(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("word_count", sa.Integer(), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["course_id"],
            ["courses.id"],
            name=op.f("fk__newplugin_name_notes__course_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["author_id"],
            ["users.id"],
            name=op.f("fk__newplugin_name_notes__author_id"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk__newplugin_name_notes")),
        sa.UniqueConstraint("course_id", "author_id", "title", name="uq__newplugin_name_notes__title"),
    )
    op.create_index(
        op.f("ix__newplugin_name_notes__author_id"),
        "newplugin_name_notes",
        ["author_id"],
    )


def downgrade() -> None:
    op.drop_table("newplugin_name_notes")
