"""Cohorts"""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "cohorts",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("course_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("capacity", sa.Integer(), nullable=False),
        sa.Column("is_open", sa.Boolean(), nullable=False),
        sa.Column("member_count", sa.Integer(), nullable=False),
        sa.CheckConstraint("member_count <= capacity", name=op.f("ck__cohorts__capacity")),
        sa.CheckConstraint("member_count >= 0", name=op.f("ck__cohorts__member_count")),
        sa.ForeignKeyConstraint(["course_id"], ["courses.id"], name=op.f("fk__cohorts__course_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk__cohorts")),
        sa.UniqueConstraint("course_id", "name", name=op.f("uq__cohorts__course_id_name")),
    )
    op.create_table(
        "cohort_members",
        sa.Column("enrollment_id", sa.Uuid(), nullable=False),
        sa.Column("cohort_id", sa.Uuid(), nullable=False),
        sa.Column("student_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(["cohort_id"], ["cohorts.id"], name=op.f("fk__cohort_members__cohort_id")),
        sa.ForeignKeyConstraint(
            ["enrollment_id"], ["enrollments.id"], name=op.f("fk__cohort_members__enrollment_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["student_id"], ["users.id"], name=op.f("fk__cohort_members__student_id")),
        sa.PrimaryKeyConstraint("enrollment_id", name=op.f("pk__cohort_members")),
    )
    op.create_index("ix__cohort_members__cohort_id", "cohort_members", ["cohort_id"])
    op.create_index("ix__cohort_members__student_id", "cohort_members", ["student_id", "cohort_id"])
    op.create_table(
        "cohort_lessons",
        sa.Column("cohort_id", sa.Uuid(), nullable=False),
        sa.Column("lesson_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["cohort_id"], ["cohorts.id"], name=op.f("fk__cohort_lessons__cohort_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["lesson_id"], ["lessons.id"], name=op.f("fk__cohort_lessons__lesson_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("cohort_id", "lesson_id", name=op.f("pk__cohort_lessons")),
    )
    op.create_index("ix__cohort_lessons__lesson_id", "cohort_lessons", ["lesson_id"])
    op.create_table(
        "cohort_deadlines",
        sa.Column("cohort_id", sa.Uuid(), nullable=False),
        sa.Column("assignment_id", sa.Uuid(), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("lock_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("due_at <= lock_at", name=op.f("ck__cohort_deadlines__due_before_lock")),
        sa.ForeignKeyConstraint(
            ["assignment_id"], ["assignments.id"], name=op.f("fk__cohort_deadlines__assignment_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["cohort_id"], ["cohorts.id"], name=op.f("fk__cohort_deadlines__cohort_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("cohort_id", "assignment_id", name=op.f("pk__cohort_deadlines")),
    )
    op.create_index("ix__cohort_deadlines__assignment_id", "cohort_deadlines", ["assignment_id"])
    op.create_index("ix__cohort_deadlines__due_at", "cohort_deadlines", ["due_at"])


def downgrade() -> None:
    for table in ("cohort_deadlines", "cohort_lessons", "cohort_members", "cohorts"):
        op.drop_table(table)
