"""How many SQL statements a request may take (``design/speed.md``): every row of the matrix, for whoever may."""

from typing import Any

import pytest

from courseplatform.testing import counted_statements
from tests.contracts.contributions import CONTRIBUTIONS
from tests.contracts.matrix import MATRIX, Row
from tests.contracts.stage import send
from tests.contracts.world import ACTORS

ITEM_GET, LIST_GET, WRITE = 3, 4, 8

#: Two for the caller, and one or two for each part that a plugin gives.
EXPORT_GET = 21 + 2 * len(CONTRIBUTIONS)


#: Tree, caller, columns, page; then who they are, their grades, their maximum and their progress.
GRADEBOOK_GET = 8

#: Tree, caller, whom rows name, course, staff, who is enrolled; or: the assignment, the work, the enrollments.
BULK = 6
#: What the students' progress costs, and the work itself, for each row.
BULK_ROW = 3


def budget(row: Row, response: Any) -> int:
    if "/gradebook/" in row.path:
        return GRADEBOOK_GET
    if row.method == "POST" and row.body and "rows" in row.body:
        return BULK + BULK_ROW * len(row.body["rows"])
    if row.budget is not None:
        return row.budget
    if row.method != "GET":
        return WRITE
    if row.path == "/users/me/export/":
        return EXPORT_GET
    is_list = response.content_type == "application/json" and "results" in response.json
    return LIST_GET if is_list else ITEM_GET


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


LISTS = [
    row for row in MATRIX if row.method == "GET" and row.path.endswith("s/") and row.statuses[ACTORS.index("D")] == 200
]


@pytest.mark.parametrize("row", LISTS, ids=lambda row: row.path)
def test_a_list_takes_as_many_statements_for_many_rows_as_for_one(row: Row, stage: Any) -> None:
    world, _ = stage
    counts = []
    for limit in (1, 100):
        with counted_statements(world.client.registry) as statements:
            send(world, row._replace(path=f"{row.path}?limit={limit}"), "D")
        counts.append(len(statements))
    assert counts[0] == counts[1]
