"""indexes in the order of lists

Made for tables in use: nobody waits. Each step can be repeated, since what was done without a transaction stays when a
later step gives up.
"""

from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

# squawk-ignore prefer-robust-stmts: each index is dropped first, if it is there

#: What each new index is on, by its name.
NEW = {
    "ix__certificates__status_id": "certificates (status, id)",
    "ix__external_identities__user_id_id": "external_identities (user_id, id)",
    "ix__oauth_consents__user_id_id": "oauth_consents (user_id, id)",
    "ix__personal_tokens__user_id_id": "personal_tokens (user_id, id)",
    "ix__sessions__user_id_id": "sessions (user_id, id)",
    "ix__users__email_start": "users (lower(email) text_pattern_ops)",
    "ix__users__username_start": "users (lower(username) text_pattern_ops)",
    "ix__webhooks__owner_id_id": "webhooks (owner_id, id)",
}
#: What they replace: the same, without the order.
OLD = {
    "ix__external_identities__user_id": "external_identities (user_id)",
    "ix__oauth_consents__user_id": "oauth_consents (user_id)",
    "ix__personal_tokens__user_id": "personal_tokens (user_id)",
    "ix__sessions__user_id": "sessions (user_id)",
    "ix__webhooks__owner_id": "webhooks (owner_id)",
}


def upgrade() -> None:
    replace(OLD, NEW)


def downgrade() -> None:
    replace(NEW, OLD)


def replace(old: dict[str, str], new: dict[str, str]) -> None:
    with op.get_context().autocommit_block():
        op.execute("SET lock_timeout = 0")  # an index that is made so waits for others, and nobody for it
        for name, columns in new.items():
            op.execute(f"DROP INDEX CONCURRENTLY IF EXISTS {name}")
            op.execute(f"CREATE INDEX CONCURRENTLY {name} ON {columns}")
        for name in old:
            op.execute(f"DROP INDEX CONCURRENTLY IF EXISTS {name}")
        op.execute("SET lock_timeout = '500ms'")
