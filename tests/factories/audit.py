"""What the audit log says."""

import logging
from collections.abc import Callable
from typing import Any

import pytest

AUDIT = "courseplatform.audit"
Lines = Callable[[], list[dict[str, Any]]]


def audit_lines(caplog: pytest.LogCaptureFixture) -> Lines:
    """A function that gives the records since it was asked last, under the names that ``request.audit`` is given."""
    caplog.set_level("INFO", logger=AUDIT)

    def read() -> list[dict[str, Any]]:
        found = [told(record) for record in caplog.records if record.name == AUDIT]
        caplog.clear()
        return found

    return read


def told(record: logging.LogRecord) -> dict[str, Any]:
    fields = vars(record)
    return {
        "event": fields["event.action"],
        "outcome": fields["event.outcome"],
        "request_id": fields["http.request.id"],
        "user_id": fields["user.id"],
        "target_user_id": fields["user.target.id"],
        "address": fields.get("client.ip", ""),
        **fields["courseplatform.audit"],
    }
