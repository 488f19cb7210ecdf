"""What is known of the request or job at hand: fields for its log lines, and nothing else."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

FIELDS: ContextVar[dict[str, Any] | None] = ContextVar("courseplatform.log_fields", default=None)


@contextmanager
def about(fields: Mapping[str, Any]) -> Iterator[None]:
    """Every line that is written within bears these fields."""
    before = FIELDS.set({**(FIELDS.get() or {}), **fields})
    try:
        yield
    finally:
        FIELDS.reset(before)


def learn(name: str, value: Any) -> None:
    """From now on the lines of this request or job bear this field too; outside of one it is forgotten."""
    fields = FIELDS.get()
    if fields is not None:
        fields[name] = value


def known() -> Mapping[str, Any]:
    return FIELDS.get() or {}
