"""credentials"""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

# squawk-ignore ban-drop-not-null: of keys that have retired, which nobody signs with
# squawk-ignore constraint-missing-not-valid: no release had rows here yet
# squawk-ignore adding-not-nullable-field: no release had rows here yet
# squawk-ignore disallowed-unique-constraint: no release had rows here yet
# squawk-ignore require-concurrent-index-creation: no release had rows here yet

#: Certificates that are there already get a place each; what was handed in, the deadline of today.
NUMBER_CERTIFICATES = """
    UPDATE certificates SET status_number = nextval('certificate_status_numbers')
"""
DATE_RECEIPTS = """
    UPDATE submissions SET deadline_due_at = assignments.due_at, deadline_lock_at = assignments.lock_at
    FROM assignments WHERE assignments.id = submissions.assignment_id AND submissions.submitted_at IS NOT NULL
"""


def upgrade() -> None:
    op.add_column("signing_keys", sa.Column("sealed_public_key", sa.LargeBinary(), nullable=True))
    op.alter_column("signing_keys", "sealed_private_key", nullable=True)
    op.create_check_constraint(
        op.f("ck__signing_keys__has_a_half"),
        "signing_keys",
        "coalesce(sealed_private_key, sealed_public_key) IS NOT NULL",
    )
    op.create_check_constraint(
        op.f("ck__signing_keys__signer_has_private"),
        "signing_keys",
        "retired_at IS NOT NULL OR sealed_private_key IS NOT NULL",
    )
    op.execute("CREATE SEQUENCE certificate_status_numbers MINVALUE 0 START 0")
    op.add_column("certificates", sa.Column("status_number", sa.BigInteger(), nullable=True))
    op.execute(NUMBER_CERTIFICATES)
    op.alter_column(
        "certificates",
        "status_number",
        nullable=False,
        server_default=sa.text("nextval('certificate_status_numbers')"),
    )
    op.create_unique_constraint(op.f("uq__certificates__status_number"), "certificates", ["status_number"])
    op.create_index(
        "ix__certificates__revoked",
        "certificates",
        ["status_number"],
        unique=False,
        postgresql_where=sa.text("status = 'revoked'"),
    )
    op.create_table(
        "retired_status_places",
        sa.Column("status_number", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("status_number", name=op.f("pk__retired_status_places")),
    )
    op.add_column("submissions", sa.Column("deadline_due_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("submissions", sa.Column("deadline_lock_at", sa.DateTime(timezone=True), nullable=True))
    op.execute(DATE_RECEIPTS)


def downgrade() -> None:
    op.drop_column("submissions", "deadline_lock_at")
    op.drop_column("submissions", "deadline_due_at")
    op.drop_table("retired_status_places")
    op.drop_index(
        "ix__certificates__revoked", table_name="certificates", postgresql_where=sa.text("status = 'revoked'")
    )
    op.drop_constraint(op.f("uq__certificates__status_number"), "certificates")
    op.drop_column("certificates", "status_number")
    op.execute("DROP SEQUENCE certificate_status_numbers")
    op.drop_constraint(op.f("ck__signing_keys__signer_has_private"), "signing_keys")
    op.drop_constraint(op.f("ck__signing_keys__has_a_half"), "signing_keys")
    # The older release knows no lasting keys.
    op.execute("DELETE FROM signing_keys WHERE sealed_public_key IS NOT NULL")
    op.alter_column("signing_keys", "sealed_private_key", nullable=False)
    op.drop_column("signing_keys", "sealed_public_key")
