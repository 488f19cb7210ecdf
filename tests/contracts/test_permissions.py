"""Who may what: every line of the matrix for every actor, in courses of every state, and beneath wrong parents.

The tokens of those who left, were removed or deactivated were made before that: ``World.take_rights_away``.
"""

from collections.abc import Callable, Iterable
from typing import Any

import pytest

from courseplatform.methods import ALL
from tests.contracts.cells import Cell, Stage
from tests.contracts.contributions import lacking
from tests.contracts.matrix import ACTORS, LOST, MATRIX, MORE, OUTSIDE, TOKENS, USERS, Row, others_of, shape
from tests.contracts.stage import views

LINES = [*MATRIX, *MORE]
#: For what is there for nobody. The others have no right that one of these has not.
LOOKING = "AELTORD"


@pytest.fixture(scope="module")
def acted(stage: Any) -> Stage:
    world, connection = stage
    world.give_tokens()
    return Stage(world, connection)


@pytest.fixture
def check(record_property: Any) -> Callable[[Iterable[Cell]], None]:
    """Fail with every cell that is not as the table says; ``permission_figures.py`` counts them."""

    def check(cells: Iterable[Cell]) -> None:
        found = list(cells)
        leaks, wrong = sum(cell.is_leak for cell in found), sum(cell.is_wrong_refusal for cell in found)
        record_property("cells", (len(found), leaks, wrong))
        faults = [str(cell) for cell in found if cell.fault]
        assert not faults, "\n".join(faults)

    return check


@pytest.mark.parametrize("row", LINES, ids=str)
def test_a_cell_answers_as_the_matrix_says_and_a_refusal_changes_no_row(row: Row, acted: Stage, check: Any) -> None:
    check([*acted.cells([row], USERS + "".join(TOKENS)), *acted.cells(others_of(row))])


@pytest.mark.parametrize("row", [row for row in LINES if row.method == "GET"], ids=lambda row: row.path)
def test_head_answers_as_get(row: Row, acted: Stage, check: Any) -> None:
    check(acted.cells([row._replace(method="HEAD")], ACTORS))


@pytest.mark.parametrize("key", LOST)
def test_what_is_deleted_or_beneath_a_foreign_parent_exists_for_nobody(key: str, acted: Stage, check: Any) -> None:
    check(acted.cells(LOST[key], LOOKING))


def test_a_method_that_an_address_lacks_is_405_for_everybody(acted: Stage, check: Any) -> None:
    """404 outside of services, and at an unknown provider."""
    by_shape: dict[str, list[Row]] = {}
    for row in LINES:
        by_shape.setdefault(shape(row.path), []).append(row)
    lacked = []
    for rows in by_shape.values():
        is_404 = rows[0] in OUTSIDE or "{provider}" in rows[0].path
        statuses = tuple(dict.fromkeys("AD", 404 if is_404 else 405).items())
        lacked += [Row(method, rows[0].path, (), also=statuses) for method in {*ALL} - {row.method for row in rows}]
    check(acted.cells(lacked, "AD"))


def test_every_view_has_a_line_in_the_matrix_and_every_line_a_view(stage: Any) -> None:
    registered, lines = views(stage[0]), {(row.method, shape(row.path)) for row in LINES}
    assert not registered - lines, lacking("MATRIX", registered - lines)
    assert not lines - registered
