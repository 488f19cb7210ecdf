"""What the audit log says."""

import json
from collections.abc import Callable
from typing import Any

import pytest

AUDIT = "courseplatform.audit"
Lines = Callable[[], list[dict[str, Any]]]


def audit_lines(caplog: pytest.LogCaptureFixture) -> Lines:
    """A function that gives the records since it was asked last, parsed."""
    caplog.set_level("INFO", logger=AUDIT)

    def read() -> list[dict[str, Any]]:
        found = [json.loads(record.getMessage()) for record in caplog.records if record.name == AUDIT]
        caplog.clear()
        return found

    return read
