"""search

Made for tables in use: nothing is rewritten, and nobody waits longer than for a batch. Each step can be repeated, since
what was done without a transaction stays when a later step gives up.
"""

from uuid import UUID

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import TSVECTOR

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

# squawk-ignore prefer-robust-stmts: each index is dropped first, if it is there

#: What is written there, by table. A row without a vector is not found.
SEARCHED = {"courses": "title, description", "lessons": "title, description, materials"}
BATCH_ROWS = 100

# Stems are for words, the words themselves for beginnings. The title comes first: its positions, of which ranks are
# made, say nothing of the rest. "." is in no query: it keeps phrases from reaching over the end of a text. "<" would
# begin a tag, which is not indexed.
FUNCTION = """
CREATE OR REPLACE FUNCTION set_search_vector() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    gap CONSTANT tsvector := '''.''\\:2';
    title CONSTANT text := translate(NEW.title, '<', ' ');
    description CONSTANT text := translate(NEW.description, '<', ' ');
    materials CONSTANT text := translate(coalesce((
        SELECT string_agg(name #>> '{}', E'\\n') FROM jsonb_path_query(to_jsonb(NEW), '$.materials[*].title') AS name
    ), ''), '<', ' ');
BEGIN
    NEW.search_vector :=
        setweight(to_tsvector('russian', title) || gap || to_tsvector('simple', title), 'A')
        || gap || setweight(to_tsvector('russian', description), 'B')
        || gap || setweight(to_tsvector('russian', materials), 'C')
        || gap || setweight(to_tsvector('simple', description), 'B')
        || gap || setweight(to_tsvector('simple', materials), 'C');
    RETURN NEW;
END $$
"""
TRIGGER = """
CREATE OR REPLACE TRIGGER set_search_vector BEFORE INSERT OR UPDATE OF {columns} ON {table}
    FOR EACH ROW EXECUTE FUNCTION set_search_vector()
"""
FILL = """
UPDATE {table} SET title = title
WHERE id IN (SELECT id FROM {table} WHERE id > :after AND search_vector IS NULL ORDER BY id LIMIT :batch) RETURNING id
"""


def upgrade() -> None:
    op.execute(FUNCTION)
    for table, columns in SEARCHED.items():
        op.add_column(table, sa.Column("search_vector", TSVECTOR(), nullable=True), if_not_exists=True)
        op.execute(TRIGGER.format(table=table, columns=columns))
    with op.get_context().autocommit_block():
        for table in SEARCHED:
            fill(table)
        op.execute("SET lock_timeout = 0")  # an index that is made so waits for others, and nobody for it
        for table in SEARCHED:
            name = f"ix__{table}__search_vector"
            op.execute(f"DROP INDEX CONCURRENTLY IF EXISTS {name}")
            op.execute(f"CREATE INDEX CONCURRENTLY {name} ON {table} USING gin (search_vector)")
        op.execute("SET lock_timeout = '500ms'")


def fill(table: str) -> None:
    after = UUID(int=0)
    while done := op.get_bind().scalars(sa.text(FILL.format(table=table)), {"after": after, "batch": BATCH_ROWS}).all():
        after = max(done)


def downgrade() -> None:
    for table in SEARCHED:
        op.execute(f"DROP TRIGGER set_search_vector ON {table}")
        op.drop_column(table, "search_vector")
    op.execute("DROP FUNCTION set_search_vector()")
