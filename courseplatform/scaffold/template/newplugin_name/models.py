"""The table of notes."""

from uuid import UUID

from sqlalchemy import ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from courseplatform.api import Base, Timestamped


class Note(Timestamped, Base):
    """One user's note on one course. ``word_count``: null until a job has counted."""

    __tablename__ = "newplugin_name_notes"

    course_id: Mapped[UUID] = mapped_column(ForeignKey("courses.id", ondelete="CASCADE"))
    author_id: Mapped[UUID] = mapped_column(ForeignKey("users.id"), index=True)
    title: Mapped[str]
    text: Mapped[str]
    word_count: Mapped[int | None]

    __table_args__ = (
        UniqueConstraint(
            "course_id",
            "author_id",
            "title",
            name="uq__newplugin_name_notes__title",
            info={"conflict": "newplugin_name_exists"},
        ),
    )
