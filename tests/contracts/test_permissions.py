"""Who may what: every line of the matrix for every actor, in courses of every state, and beneath wrong parents.

The tokens of those who left, were removed or deactivated were made before that: ``World.take_rights_away``.
"""

from typing import Any

import pytest

from tests.contracts.cells import Cell, Stage
from tests.contracts.contributions import lacking
from tests.contracts.matrix import LOST, MATRIX, MORE, TOKENS, USERS, Row, others_of, shape
from tests.contracts.stage import views


@pytest.fixture(scope="module")
def acted(stage: Any) -> Stage:
    world, connection = stage
    world.give_tokens()
    return Stage(world, connection)


def check(cells: list[Cell]) -> None:
    faults = [str(cell) for cell in cells if cell.fault]
    assert not faults, "\n".join(faults)


@pytest.mark.parametrize("row", [*MATRIX, *MORE], ids=str)
def test_a_cell_answers_as_the_matrix_says_and_a_refusal_changes_no_row(row: Row, acted: Stage) -> None:
    check([*acted.cells([row], USERS + "".join(TOKENS)), *acted.cells(others_of(row))])


@pytest.mark.parametrize("key", LOST)
def test_what_is_deleted_or_beneath_a_foreign_parent_exists_for_nobody(key: str, acted: Stage) -> None:
    check(list(acted.cells(LOST[key])))


def test_every_view_has_a_line_in_the_matrix_and_every_line_a_view(stage: Any) -> None:
    registered = views(stage[0])
    lines = {(row.method, shape(row.path)) for row in (*MATRIX, *MORE)}
    assert not registered - lines, lacking("MATRIX", registered - lines)
    assert not lines - registered
