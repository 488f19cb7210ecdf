"""What is told: built where something happens, carried as scalars in a job's arguments."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from uuid_utils.compat import uuid7


class Subject(NamedTuple):
    """What news are about: ``Subject("lesson", lesson_id, "/api/…/")``."""

    type: str
    id: UUID
    url: str

    def json(self) -> dict[str, str]:
        return {"type": self.type, "id": str(self.id), "url": self.url}


@dataclass(frozen=True, kw_only=True)
class News:
    """Something that happened. ``event_id`` names it: who was told of it is not told again.

    ``told``: scalars for the text, and for whoever says whether it still is so at the delivery. ``variant``: which of
    the kind's sentences. ``actor_id``: who did it, and is not told. ``course_id``, ``role``: only for those who hold
    that role there by then. ``until_at``: pointless later.
    """

    kind: str
    subject: Subject
    told: Mapping[str, Any] = field(default_factory=dict)
    variant: str | None = None
    actor_id: UUID | None = None
    course_id: UUID | None = None
    role: str | None = None
    until_at: datetime | None = None
    # Made here and not in the job, so that a retried job is not a second event.
    event_id: UUID = field(default_factory=uuid7)

    def __post_init__(self) -> None:
        """Raises: ValueError if something is ``told`` under a name that the jobs' own arguments have."""
        taken = self.told.keys() & {*OWN, *SUBJECT, *OF_JOBS}
        if taken:
            raise ValueError(f"choose another name for {', '.join(sorted(taken))}")

    def arguments(self) -> dict[str, Any]:
        """As arguments of a job."""
        subject = dict(zip(SUBJECT, self.subject, strict=True))
        return {**self.told, **subject, **{name: getattr(self, name) for name in OWN}}

    @classmethod
    def read(cls, arguments: Mapping[str, Any]) -> "News":
        """The news in the arguments of a job."""
        told = {name: value for name, value in arguments.items() if name not in (*OWN, *SUBJECT)}
        own = {name: arguments[name] for name in OWN if name in arguments}
        return cls(subject=Subject(*(arguments[name] for name in SUBJECT)), told=told, **own)


OWN = ("kind", "variant", "actor_id", "course_id", "role", "until_at", "event_id")
SUBJECT = ("subject_type", "subject_id", "subject_url")
OF_JOBS = ("fn", "delay_s", "recipient_id", "after_id", "notification_id")
