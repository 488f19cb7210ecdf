"""``python -m tests.contracts.permission_figures``: how many cells the matrix has, and what is wrong in them."""

import sys
from pathlib import Path
from typing import Any

import pytest


class Figures:
    """Adds up what the tests record."""

    def __init__(self) -> None:
        self.sums = [0, 0, 0]

    def pytest_runtest_logreport(self, report: Any) -> None:
        if report.when == "call":
            for name, counted in report.user_properties:
                if name == "cells":
                    self.sums = [one + more for one, more in zip(self.sums, counted, strict=True)]

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        checked, leaks, wrong = self.sums
        terminalreporter.write_line(f"permission cells: {checked} checked, {leaks} leaks, {wrong} wrong refusals")


if __name__ == "__main__":
    tests = Path(__file__).with_name("test_permissions.py")
    sys.exit(pytest.main([str(tests), "-q", "-n", "0", *sys.argv[1:]], plugins=[Figures()]))
