"""Cells of the permission matrix: a line as one actor sends it, and whether that is what the table says."""

from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

import sqlalchemy as sa

from tests.contracts.matrix import FIRST_PARTY, OPEN, PROTOCOL, REFUSALS, TOKENS, USERS, Row, expected, opens
from tests.contracts.stage import hash_of_rows, send
from tests.contracts.world import World


class Cell(NamedTuple):
    """``fault``: empty if the platform does what the table says."""

    row: Row
    letter: str
    got: int
    fault: str

    @property
    def is_leak(self) -> bool:
        """Let in who has to be refused, or changed a row in refusing."""
        is_let_in = expected(self.row, self.letter) in REFUSALS and self.got not in REFUSALS
        return bool(self.fault) and (is_let_in or "row changed" in self.fault)

    @property
    def is_wrong_refusal(self) -> bool:
        return bool(self.fault) and self.got in REFUSALS and expected(self.row, self.letter) not in REFUSALS

    def __str__(self) -> str:
        return f"{self.row} as {self.letter}: {self.fault}"


class Stage:
    """Acts lines out on one connection, and takes each back."""

    def __init__(self, world: World, connection: sa.Connection) -> None:
        self.world, self.connection = world, connection
        self.before = hash_of_rows(connection)

    def cells(self, rows: Iterable[Row], letters: str = USERS) -> Iterator[Cell]:
        for row in rows:
            refused = [letter for letter in letters if expected(row, letter) >= 400 and not is_unsaid(row, letter)]
            yield from self.refused(row, refused)
            for letter in letters:
                if letter not in refused:
                    taken_back = self.connection.begin_nested()
                    yield self.cell(row, letter)
                    taken_back.rollback()

    def refused(self, row: Row, letters: list[str]) -> list[Cell]:
        """They change nothing, so that one hash over all rows does for all of them."""
        taken_back = self.connection.begin_nested()
        found = [self.cell(row, letter) for letter in letters]
        if letters and hash_of_rows(self.connection) != self.before:
            fault = "one of these was refused, and yet a row changed"
            found = [cell._replace(fault=cell.fault or fault) for cell in found]
        taken_back.rollback()
        return found

    def cell(self, row: Row, letter: str) -> Cell:
        answer, status = send(self.world, row, letter), expected(row, letter)
        allowed = {expected(row, TOKENS[letter]), 403} if is_unsaid(row, letter) else {status}
        fault = "" if answer.status_int in allowed else f"{answer.status_int}, and the table says {status}"
        if not fault and answer.status_int >= 400 and row.method != "HEAD":
            fault = fault_of_refusal(row, letter, answer)
        return Cell(row, letter, answer.status_int, fault)


def is_unsaid(row: Row, letter: str) -> bool:
    """Whether a third party's line doesn't say which scopes open it: then a token may no more than its user."""
    return letter in TOKENS and row.scopes is None


def fault_of_refusal(row: Row, letter: str, answer: Any) -> str:
    is_protocol = row.path in PROTOCOL and answer.status_int != 405
    if answer.content_type != ("application/json" if is_protocol else "application/problem+json"):
        return f"an error as {answer.content_type}"
    if letter not in TOKENS or letter in dict(row.also) or row.scopes in (OPEN, None) or opens(row, letter):
        return ""
    if expected(row, TOKENS[letter]) in REFUSALS:
        return ""
    told = answer.headers.get("WWW-Authenticate", "")
    if answer.json["code"] != "insufficient_scope" or "insufficient_scope" not in told:
        return f"refused for {answer.json['code']}, not for its scopes"
    wanted = "" if row.scopes == FIRST_PARTY else f'scope="{row.scopes}"'
    return "" if wanted in told and ("scope=" in told) is bool(wanted) else f"told of {told}, not of {wanted or 'none'}"
