"""notifications"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

# squawk-ignore require-concurrent-index-creation: no release had rows here yet


def upgrade() -> None:
    op.create_table(
        "notification_inboxes",
        sa.Column("recipient_id", sa.Uuid(), nullable=False),
        sa.Column("last_sequence", sa.Integer(), server_default="0", nullable=False),
        sa.Column(
            "preferences", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'{}'"), nullable=False
        ),
        sa.ForeignKeyConstraint(["recipient_id"], ["users.id"], name=op.f("fk__notification_inboxes__recipient_id")),
        sa.PrimaryKeyConstraint("recipient_id", name=op.f("pk__notification_inboxes")),
    )
    # With defaults, so that code of the release before still inserts.
    op.add_column("notifications", sa.Column("sequence", sa.Integer(), server_default="0", nullable=False))
    op.add_column("notifications", sa.Column("is_listed", sa.Boolean(), server_default=sa.text("true"), nullable=False))
    op.execute(
        "UPDATE notifications SET sequence = numbered.sequence FROM ("
        "SELECT id, row_number() OVER (PARTITION BY recipient_id ORDER BY id) AS sequence FROM notifications"
        ") AS numbered WHERE numbered.id = notifications.id"
    )
    op.execute(
        "INSERT INTO notification_inboxes (recipient_id, last_sequence) "
        "SELECT recipient_id, max(sequence) FROM notifications GROUP BY recipient_id"
    )
    op.create_index(
        "uq__notifications__recipient_id_sequence",
        "notifications",
        ["recipient_id", "sequence"],
        unique=True,
        postgresql_where=sa.text("sequence > 0"),
    )


def downgrade() -> None:
    # What was mailed only never was in a list.
    op.execute("DELETE FROM notifications WHERE NOT is_listed")
    op.drop_index(
        "uq__notifications__recipient_id_sequence",
        table_name="notifications",
        postgresql_where=sa.text("sequence > 0"),
    )
    op.drop_column("notifications", "is_listed")
    op.drop_column("notifications", "sequence")
    op.drop_table("notification_inboxes")
