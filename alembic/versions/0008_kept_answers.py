"""kept answers"""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "kept_answers",
        sa.Column("id", sa.LargeBinary(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk__kept_answers")),
    )
    op.create_index("ix__kept_answers__created_at", "kept_answers", ["created_at"], unique=False)
    op.create_index("ix__kept_answers__user_id", "kept_answers", ["user_id"], unique=False)


def downgrade() -> None:
    op.drop_table("kept_answers")
