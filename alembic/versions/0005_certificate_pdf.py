"""PDFs of certificates, and who owns stored files"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    owners = op.create_table(
        "file_owners",
        sa.Column("table_name", sa.Text(), nullable=False),
        sa.Column("column_name", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("table_name", "column_name", name=op.f("pk__file_owners")),
    )
    # The sweep remembers by itself what it was ever told of; these have had files before it existed.
    op.bulk_insert(owners, [{"table_name": "submissions", "column_name": "file_key"}])
    op.add_column("certificates", sa.Column("locale", sa.Text(), server_default="en", nullable=False))
    op.execute("UPDATE certificates SET locale = users.locale FROM users WHERE users.id = certificates.student_id")
    op.create_table(
        "certificate_pdfs",
        sa.Column("certificate_id", sa.Uuid(), nullable=False),
        sa.Column("printed_from", sa.Text(), nullable=False),
        sa.Column("printed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("file_key", sa.Text(), nullable=False),
        sa.Column("file_size_bytes", sa.BigInteger(), nullable=False),
        sa.Column("file_sha256", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["certificate_id"],
            ["certificates.id"],
            name=op.f("fk__certificate_pdfs__certificate_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("certificate_id", name=op.f("pk__certificate_pdfs")),
    )
    op.create_index(op.f("ix__certificate_pdfs__file_key"), "certificate_pdfs", ["file_key"], unique=False)


def downgrade() -> None:
    op.drop_index(op.f("ix__certificate_pdfs__file_key"), table_name="certificate_pdfs")
    op.drop_table("certificate_pdfs")
    op.drop_column("certificates", "locale")
    op.drop_table("file_owners")
