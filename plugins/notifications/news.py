"""What a job is told to tell: scalars only, as they travel in its arguments."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID


class Subject(NamedTuple):
    """What news are about: ``Subject("lesson", lesson_id, "/api/…/")``."""

    type: str
    id: UUID
    url: str


@dataclass(frozen=True, kw_only=True)
class News:
    """Something that happened. ``event_id`` names it: who was told of it is not told again.

    ``told``: the values of the text, and what else must still be so at the delivery. ``variant``: which of the kind's
    sentences. ``course_id``, ``role``: only for those who then hold that role there. ``until_at``: pointless later.
    """

    event_id: UUID
    kind: str
    subject_type: str
    subject_id: UUID
    subject_url: str
    actor_id: UUID | None = None
    course_id: UUID | None = None
    role: str | None = None
    variant: str | None = None
    until_at: datetime | None = None
    told: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def read(cls, arguments: Mapping[str, Any]) -> "News":
        """The news in a job's arguments: what is no field is told."""
        own = {name: value for name, value in arguments.items() if name in FIELDS}
        return cls(**own, told={name: value for name, value in arguments.items() if name not in FIELDS})

    def arguments(self) -> dict[str, Any]:
        """As arguments of a job."""
        own = asdict(self)
        return {**own.pop("told"), **own}

    @property
    def subject(self) -> dict[str, Any]:
        """As a notification shows it."""
        return {"type": self.subject_type, "id": str(self.subject_id), "url": self.subject_url}


FIELDS = frozenset(field.name for field in fields(News)) - {"told"}
