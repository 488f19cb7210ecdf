"""CSV (RFC 4180), in and out: a body that is a table, and a download that is made while it is read.

A cell that a spreadsheet would take for a formula goes out with an apostrophe before it, and comes in without.
"""

import csv
import io
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from pyramid.registry import Registry
from pyramid.request import Request

from .errors import ApiError, Fault, Invalid, PayloadTooLarge
from .files import make_attachment
from .ingress import MAX_JSON_BYTES, check_text
from .replica import Reader
from .schemas import MAX_UNKNOWN_KEYS, Whole

CSV = "text/csv"
#: What a spreadsheet calculates, whatever the quotes; the wide forms are what East Asian keyboards write.
FORMULA = re.compile(r"'*[=+\-@\t\r\n＝＋－＠]")
WHOLE = re.compile(r"-?[0-9]{1,18}")
BYTE_ORDER_MARK = "\ufeff"

#: ``read(request, after) -> (rows, after)``: some rows of a table, and after what it goes on; None at the end.
Read = Callable[[Request, Any], tuple[list[list[Any]], Any]]


@dataclass(frozen=True)
class Ragged:
    """A line that has not as many cells as the table has columns."""

    has: int
    wanted: int


class Table(list[Any]):
    """The rows of a table, as dicts or ``Ragged``; ``lines``: where in the file each of them ends."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: list[int] = []


def read_table(request: Request, row: Any, *, ignored: Iterable[str] = (), needed: str | None = None) -> Table:
    """The body, a table whose columns are the fields of the schema ``row``; an empty cell is a field left out.

    ``ignored``: further columns that it may have. Lines without anything in the column ``needed`` are skipped. Commas
    or semicolons, as the first line has them.
    Raises: PayloadTooLarge; ApiError("malformed_csv"); Invalid for columns that are unknown, missing or there twice.
    """
    if (request.content_length or 0) > MAX_JSON_BYTES:
        raise PayloadTooLarge()
    try:
        text = request.body.decode("utf-8-sig")
        check_text(text)
    except ValueError as error:
        raise ApiError("malformed_csv") from error
    head = re.split(r"[\r\n]", text, maxsplit=1)[0]
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=";" if "," not in head else ",", strict=True)
    try:
        names = [name.strip() for name in next(reader, [])]
        fields = {child.name: child for child in row.children}
        check_columns(names, fields, set(ignored))
        return rows_of(reader, names, fields, needed)
    except csv.Error as error:
        raise ApiError("malformed_csv", f"Line {reader.line_num} can't be read as CSV.") from error


def check_columns(names: list[str], fields: dict[str, Any], ignored: set[str]) -> None:
    """Raises: Invalid naming all columns that are wrong."""
    unknown = [name for name in names if name not in fields and name not in ignored][:MAX_UNKNOWN_KEYS]
    found = [Fault("body", name[:200], "is no column of this table") for name in unknown]
    found += [Fault("body", name, "is a column twice") for name in fields if names.count(name) > 1]
    missing = [name for name, field in fields.items() if field.required and name not in names]
    found += [Fault("body", name, "is a column that is missing") for name in missing]
    if found:
        raise Invalid(errors=found)


def rows_of(reader: Any, names: list[str], fields: dict[str, Any], needed: str | None) -> Table:
    table = Table()
    for cells in reader:
        if not any(cells):  # also what a spreadsheet leaves of lines that were emptied
            continue
        if len(cells) == len(names):
            given = {name: cell for name, cell in zip(names, cells, strict=True) if name in fields and cell}
            if needed is not None and needed not in given:
                continue
            table.append({name: value_of(cell, fields[name]) for name, cell in given.items()})
        else:
            table.append(Ragged(len(cells), len(names)))
        table.lines.append(reader.line_num)
    return table


def value_of(cell: str, field: Any) -> Any:
    """What the cell says. Of what is no number where one belongs, the schema speaks."""
    if isinstance(field.typ, Whole):
        number = cell.strip()
        return int(number) if WHOLE.fullmatch(number) else cell
    return cell[1:] if cell.startswith("'") and FORMULA.match(cell) else cell


def cell_of(value: Any) -> Any:
    """A value as a cell: numbers as they are, everything else as text that is nobody's formula."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return value
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
    text = str(value)
    return f"'{text}" if FORMULA.match(text) else text


def wants_csv(request: Request, asked: str | None) -> bool:
    """Whether the answer is to be CSV: by ``?format=``, else by Accept. JSON for who takes both."""
    if asked is not None:
        return asked == "csv"
    offers = request.accept.acceptable_offers(["application/json", CSV])
    return bool(offers) and offers[0][0] == CSV


def send_table(request: Request, columns: Sequence[str], read: Read, *, name: str) -> Any:
    """Answer with CSV as a download, chunk by chunk while the client reads it.

    ``read`` is called with a request of its own that reads only, after this one has ended: no connection to the
    database is held while the client is slow, and a client that goes away leaves nothing behind. Who may read what is
    decided before. It reads from a replica, where there is one, and all that was committed until then. ``?bom=true``
    begins with the byte order mark by which Excel knows UTF-8.
    """
    response = request.response
    is_marked = request.validated["querystring"].get("bom", False)
    response.app_iter = table_chunks(request.registry, columns, read, is_marked)
    response.content_type, response.charset = CSV, "utf-8"
    make_attachment(response, name)
    return response


def table_chunks(registry: Registry, columns: Sequence[str], read: Read, is_marked: bool) -> Iterator[bytes]:
    yield (BYTE_ORDER_MARK if is_marked else "").encode() + encoded([columns])
    reader, after = Reader(registry), None
    while True:
        rows, after = reader.read(read, after)
        if rows:
            yield encoded(rows)
        if after is None:
            return


def encoded(rows: Iterable[Iterable[Any]]) -> bytes:
    """Every text in quotes: so neither a comma, nor the semicolon that some spreadsheets take for one, divides it."""
    out = io.StringIO(newline="")
    writer = csv.writer(out, quoting=csv.QUOTE_NONNUMERIC)
    writer.writerows([cell_of(value) for value in row] for row in rows)
    return out.getvalue().encode()
