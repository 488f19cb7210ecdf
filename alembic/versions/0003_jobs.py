"""jobs"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

# squawk-ignore require-concurrent-index-deletion: no release had rows here yet
# squawk-ignore require-concurrent-index-creation: no release had rows here yet

UNDONE = sa.text("done_at IS NULL AND dead_at IS NULL")


def upgrade() -> None:
    # Its default lets the release before this one go on promising jobs.
    take_at = sa.Column("take_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False)
    op.add_column("outbox", take_at)
    op.execute("UPDATE outbox SET take_at = due_at WHERE done_at IS NULL AND dead_at IS NULL")
    op.add_column("outbox", sa.Column("started_at", sa.DateTime(timezone=True), nullable=True))
    op.drop_index("ix__outbox__undone", table_name="outbox", postgresql_where=UNDONE)
    op.create_index("ix__outbox__undone", "outbox", ["take_at", "id"], postgresql_where=UNDONE)
    op.create_index("ix__outbox__done_at", "outbox", ["done_at"], postgresql_where=sa.text("done_at IS NOT NULL"))
    op.create_index("ix__outbox__dead_at", "outbox", ["dead_at"], postgresql_where=sa.text("dead_at IS NOT NULL"))


def downgrade() -> None:
    op.drop_index("ix__outbox__dead_at", table_name="outbox")
    op.drop_index("ix__outbox__done_at", table_name="outbox")
    op.drop_index("ix__outbox__undone", table_name="outbox", postgresql_where=UNDONE)
    op.create_index("ix__outbox__undone", "outbox", ["due_at", "id"], postgresql_where=UNDONE)
    op.drop_column("outbox", "started_at")
    op.drop_column("outbox", "take_at")
