"""How many SQL statements a request may take (``design/speed.md``): every row of the matrix, for whoever may."""

from typing import Any

import pytest

from courseplatform.testing import counted_statements
from tests.contracts.contributions import CONTRIBUTIONS
from tests.contracts.matrix import MATRIX, Row, shape
from tests.contracts.stage import send
from tests.contracts.world import ACTORS

ITEM_GET, LIST_GET, WRITE = 3, 4, 8

#: What needs more than others of its kind: how many, and why. A third party's are in the lines of its matrix.
EXCEPTIONS = {
    "GET /users/me/export/": (21 + 2 * len(CONTRIBUTIONS), "the caller, one or two for each part that a plugin has"),
    "GET /courses/{}/gradebook/": (8, "columns and page; then who they are, their grades, their maximum, progress"),
}
#: Of many rows at once. Tree, caller, whom rows name, course, staff, who is enrolled; or: the assignment, the work, the
#: enrollments. Then what the students' progress costs, and the work itself, for each row.
BULK, BULK_ROW = 6, 3


def budget_of(method: str, path: str, response: Any) -> int:
    """Of an operation, by its kind."""
    exception = EXCEPTIONS.get(f"{method} {shape(path.removeprefix('/api'))}")
    if exception is not None:
        return exception[0]
    if method != "GET":
        return WRITE
    is_list = response.content_type == "application/json" and "results" in response.json
    return LIST_GET if is_list else ITEM_GET


def budget(row: Row, response: Any) -> int:
    if row.budget is not None:
        return row.budget
    if row.method == "POST" and row.body and "rows" in row.body:
        return BULK + BULK_ROW * len(row.body["rows"])
    return budget_of(row.method, row.path, response)


@pytest.mark.parametrize("row", MATRIX, ids=lambda row: f"{row.method} {row.path}")
def test_a_request_keeps_its_budget_of_statements(row: Row, stage: Any) -> None:
    world, connection = stage
    for letter in ACTORS:
        cell = connection.begin_nested()
        with counted_statements(world.client.registry) as statements:
            response = send(world, row, letter)
        cell.rollback()
        if response.status_int < 400:
            spent = [s for s in statements if not s.startswith("INSERT")] if row.method != "GET" else statements
            assert len(spent) <= budget(row, response), "\n\n".join([f"as {letter}:", *spent])
