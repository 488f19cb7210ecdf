"""uploads"""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "uploads",
        sa.Column("owner_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("size_bytes", sa.BigInteger(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("token_sha256", sa.Text(), nullable=True),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("consumed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("size_bytes > 0", name=op.f("ck__uploads__size_bytes")),
        sa.ForeignKeyConstraint(["owner_id"], ["users.id"], name=op.f("fk__uploads__owner_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk__uploads")),
    )
    op.create_index(op.f("ix__uploads__expires_at"), "uploads", ["expires_at"], unique=False)
    op.create_index("ix__uploads__owner_id_id", "uploads", ["owner_id", "id"], unique=False)


def downgrade() -> None:
    op.drop_index("ix__uploads__owner_id_id", table_name="uploads")
    op.drop_index(op.f("ix__uploads__expires_at"), table_name="uploads")
    op.drop_table("uploads")
