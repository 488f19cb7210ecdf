"""Many at once: rows that come as JSON or as CSV, each judged and done for itself, and all of them or each.

    @grades.post(permission=P.GRADE, body=Grades, query=BulkQuery, reader=RowsReader(GradeRow), answer=…, status=200)
    def grade_all(request):
        return do_rows(request, request.validated["body"]["rows"], lambda row: {"status": 200, "id": …})

A row is done in a savepoint of its own. ``?mode=all`` refuses the whole request if one row is refused, and says of all
of them why; with ``?mode=each`` the others stay done.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from dataclasses import field as attribute
from typing import Any

import colander
from colander import drop
from pyramid.request import Request
from sqlalchemy.exc import IntegrityError

from .errors import ApiError, Conflict, Fault, Invalid, conflict_of, status_of
from .ingress import read_json, require_utf8
from .schemas import Answer, AnyText, Choice, Flag, Listing, Query, Whole, faults, field
from .tables import CSV, Ragged, read_table

#: What is done within the few seconds that a request may take.
MAX_ROWS = 500


class BulkQuery(Query):
    """What every address for many rows takes."""

    mode = field(
        Choice("all", "each"), missing="all", description="all: every row or none. each: those that can be done."
    )


class TableQuery(Query):
    """What every address that answers with CSV takes."""

    bom = field(Flag(is_text=True), missing=False, description="Begin with a byte order mark, which Excel wants.")


class RowFaultAnswer(Answer):
    location = field(AnyText())
    name = field(AnyText())
    detail = field(AnyText())


class RowAnswer(Answer):
    """What became of a row. ``code``, ``detail`` and ``errors`` of those that were refused."""

    row = field(Whole(), description="Its place in what was sent, from 0.")
    line = field(Whole(1), missing=drop, description="Of the CSV file, where the row ends.")
    status = field(Whole(200, 599), description="What it would have been answered alone.")
    code = field(AnyText(), missing=drop)
    detail = field(AnyText(), missing=drop)
    errors = field(Listing(), RowFaultAnswer(name="error"), missing=drop)


class BulkAnswer(Answer):
    """Derive and add ``rows``."""

    succeeded = field(Whole())
    failed = field(Whole())


@dataclass
class Row:
    """One of many. ``values``: what its schema made of it, unless it has ``faults``."""

    number: int
    line: int | None = None
    values: dict[str, Any] = attribute(default_factory=dict)
    faults: list[Fault] = attribute(default_factory=list)

    @property
    def place(self) -> dict[str, int]:
        return {"row": self.number} if self.line is None else {"row": self.number, "line": self.line}


class Rows(Listing):
    """A list of rows, of which each has faults of its own: gives ``Row`` objects, good and bad."""

    def __init__(self, max_items: int = MAX_ROWS) -> None:
        super().__init__(max_items)

    def deserialize(self, node: Any, cstruct: Any) -> Any:
        if cstruct is colander.null:
            return colander.null
        given = self._validate(node, cstruct, False)
        lines = getattr(given, "lines", [None] * len(given))
        return [read_row(node.children[0], *each) for each in zip(range(len(given)), lines, given, strict=True)]


def read_row(schema: Any, number: int, line: int | None, given: Any) -> Row:
    if isinstance(given, Ragged):
        told = f"has {given.has} cells, and the table {given.wanted} columns"
        return Row(number, line, faults=[Fault("body", "", told)])
    try:
        return Row(number, line, schema.deserialize(given))
    except colander.Invalid as error:
        return Row(number, line, faults=faults(error, "body"))


class RowsReader:
    """How a view reads ``{"rows": […]}``, or a table with the fields of ``row`` as columns (see ``read_table``)."""

    also_takes = (CSV,)

    def __init__(self, row: Any, *, ignored: Iterable[str] = (), needed: str | None = None) -> None:
        self.row, self.ignored, self.needed = row(), ignored, needed

    def __call__(self, request: Request) -> dict[str, Any]:
        if request.content_type != CSV:
            return read_json(request, "application/json")
        require_utf8(request)
        return {"rows": read_table(request, self.row, ignored=self.ignored, needed=self.needed)}


def refuse_repeated(rows: Iterable[Row], key_of: Callable[[Row], Any], name: str) -> None:
    """Add a fault to each row that is about the same as an earlier one. ``key_of(row)``: None where that is unknown."""
    seen: dict[Any, int] = {}
    for row in rows:
        key = None if row.faults else key_of(row)
        if key is not None and seen.setdefault(key, row.number) != row.number:
            row.faults.append(Fault("body", name, f"is the same as in row {seen[key]}"))


def do_rows(request: Request, rows: list[Row], verb: Callable[[Row], Mapping[str, Any]]) -> dict[str, Any]:
    """Call ``verb(row)`` for each row without faults: what it gives is the row's answer, with its ``status``.

    The body of the answer. Raises: with ``?mode=all``, if any row is refused, Invalid if all that is wrong is fields,
    else Conflict("rows_refused").
    """
    answers = [do_row(request, row, verb) for row in rows]
    refused = [answer for answer in answers if answer["status"] >= 400]
    if refused and request.validated["querystring"]["mode"] == "all":
        found = [fault for answer in refused for fault in answer["errors"]]
        told = [{key: answer[key] for key in answer if key != "errors"} for answer in refused]
        if all(answer["status"] == 422 for answer in refused):
            raise Invalid(errors=found, rows=told)
        raise Conflict("rows_refused", errors=found, rows=told)
    return {"succeeded": len(answers) - len(refused), "failed": len(refused), "rows": answers}


def do_row(request: Request, row: Row, verb: Callable[[Row], Mapping[str, Any]]) -> dict[str, Any]:
    try:
        if row.faults:
            raise Invalid(errors=row.faults)
        with request.savepoint():
            return {**row.place, **verb(row)}
    except ApiError as error:
        if error.status in (429, 503):  # says nothing of the row
            raise
        return refusal(request, row, error)
    except IntegrityError as error:
        conflict = conflict_of(error)
        if conflict is None:
            raise
        return refusal(request, row, conflict)


def refusal(request: Request, row: Row, error: ApiError) -> dict[str, Any]:
    """What is answered of a row that was refused. Each fault says where it is: ``rows.17.grade``, and in which line."""
    problem = request.registry["problems"].get(error.code)
    detail = error.detail or (problem.cause if problem is not None else "")
    where = f" (line {row.line})" if row.line is not None else ""
    found = [
        replace(fault, name=".".join(filter(None, ("rows", str(row.number), fault.name))), detail=fault.detail + where)
        for fault in error.errors or [Fault("body", "", detail)]
    ]
    return {**row.place, "status": status_of(error, request), "code": error.code, "detail": detail, "errors": found}
