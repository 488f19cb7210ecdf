"""Notes, and a column of another's table for as long as it takes to want a lock."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("users", sa.Column("faults_note", sa.Text()))
    op.drop_column("users", "faults_note")
    op.create_table("faults_notes", sa.Column("id", sa.Uuid(), primary_key=True))


def downgrade() -> None:
    op.drop_table("faults_notes")
