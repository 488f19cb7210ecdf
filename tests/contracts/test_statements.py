"""Every operation of the document, so that a new one is covered by itself: how many statements it takes. And every list
in a large school: that it takes as many for any page, and that each statement finds its rows by an index.

Among the plugins is ``greedy``, which does it wrongly: what is expected below names it, or these tests would be blind.
"""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any, NamedTuple

import pytest
import sqlalchemy as sa

from courseplatform import migrations, testing
from courseplatform.testing import counted_statements, fresh_database, make_app, rolled_back
from tests.contracts import greedy
from tests.contracts.bad_input.calls import Call, send
from tests.contracts.bad_input.operations import OUT_OF_REACH, Operation, Operations
from tests.contracts.contributions import contributed, lacking
from tests.contracts.crowd import crowd
from tests.contracts.matrix import MATRIX
from tests.contracts.own_world import taken_back
from tests.contracts.plans import faults, sent_statements
from tests.contracts.test_budgets import budget_of
from tests.contracts.world import World

#: Values of parameters whose words are not in the document.
VALUES = {"search": ["third"], "kind": ["message"], "type": ["course.published"], "after": ["1000"], "since": ["0"]}
#: What changes what is shown of a row, or in which form: not which rows.
NOT_FILTERS = {"limit", "cursor", "fields", "expand", "explain", "format", "bom"}
#: Lists, and how they are asked for, of which more is looked through until a page is full; and why that does.
LOOKED_THROUGH = {
    ("get_certificates", ""): "a teacher's: the newest of all, since their own are mixed with those of their courses",
    ("get_certificates", "next"): "the same",
    ("get_certificates", "status"): "the same",
    ("get_enrollments", "status"): "the roster of one course",
    ("get_gradebook", "status"): "the roster of one course",
    ("get_submissions", "status"): "the work at one assignment",
    **dict(contributed("LOOKED_THROUGH")),
}


class School(NamedTuple):
    world: World
    connection: sa.Connection
    operations: Operations
    #: By operation, in the small world: what it answered, and the statements that it took.
    sent: dict[str, tuple[Any, list[str]]]
    #: Each list as each of those who may; of those for whom the statements are the same, as one.
    lists: list[tuple[Operation, str, Call]]

    def call(self, letter: str, call: Call) -> Any:
        return send(self.world.client.app, call, self.world.actors[letter].token)

    def send_all(self) -> None:
        for operation in self.operations.all.values():
            with taken_back(self.connection), counted_statements(self.world.client.registry) as statements:
                self.world.restore_files()
                self.sent[operation.name] = self.call(operation.letter, operation.base), statements

    def find_lists(self) -> None:
        seen = set()
        for operation in self.operations.all.values():
            if operation.method == "GET" and "cursor" in {one["name"] for one in operation.parameters("query")}:
                for letter, call in self.operations.candidates(operation):
                    with sent_statements(self.connection) as sent:
                        answer = self.call(letter, call)
                    # A table of all that there is, is no page.
                    key = (operation.name, call.query, *(one.statement for one in sent))
                    if key not in seen and answer.content_type == "application/json":
                        seen.add(key)
                        self.lists.append((operation, letter, call))

    def values(self, parameter: dict[str, Any]) -> list[str]:
        """Of a filter or an ordering."""
        name, schema, ids = parameter["name"], parameter["schema"], self.world.ids
        if "enum" in schema:
            return [f"{value}&search=third" if value == "rank" else value for value in schema["enum"]]
        if schema["type"] == "boolean":
            return ["true", "false"]
        row = name.removesuffix("_id")
        named = {"student": "user_E", "teacher": "user_O", "parent": "comment_lesson_E"}.get(row, row)
        return [ids[named]] if named in ids else VALUES[name]

    def filtered(self, operation: Operation, call: Call) -> Iterator[tuple[str, Call]]:
        """With each filter and ordering, with each value."""
        for parameter in operation.parameters("query"):
            if parameter["name"] not in NOT_FILTERS:
                for value in self.values(parameter):
                    yield parameter["name"], with_query(call, f"{parameter['name']}={value}")

    def faults_of(self, letter: str, call: Call, seen: set[str]) -> tuple[list[str], Any]:
        """What is wrong with the statements that are new, and the answer."""
        with sent_statements(self.connection) as sent:
            answer = self.call(letter, call)
        assert answer.content_type == "application/json" or answer.status_int in (403, 422), answer.text
        new = [one for one in sent if repr(one) not in seen]  # with other values it may be planned otherwise
        seen.update(map(repr, new))
        return [fault for one in new for fault in faults(self.connection, one)], answer


def with_query(call: Call, query: str) -> Call:
    return replace(call, query="&".join(filter(None, [call.query, query])))


@pytest.fixture(scope="module")
def school(server_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[School]:
    """The world in a database of its own, as large as a school."""
    plugins = " ".join([*testing.PLUGINS, greedy.__name__])
    with fresh_database(server_url) as url:
        app = make_app(url, tmp_path_factory.mktemp("school"), **{"courseplatform.plugins": plugins})
        migrations.migrate_all(url, app.registry["migrations"])
        with rolled_back(app) as (client, connection):
            world = World(client)
            world.actors["E"].put(world.fill("/courses/{course}/lessons/{lesson}/completion/", "E"))
            operations = Operations(world, connection, rows=[*MATRIX, *greedy.MATRIX])
            school = School(world, connection, operations, {}, [])
            school.send_all()
            crowd(connection)
            school.find_lists()
            yield school
        app.registry["db.engine"].dispose()


def test_every_operation_has_a_line_in_the_matrix_that_succeeds(school: School) -> None:
    missing = {one.name for one in school.operations.failing()} - {*OUT_OF_REACH}
    assert missing == {"get_nowhere"}, lacking("MATRIX", missing)


def test_every_operation_keeps_its_budget_of_statements(school: School) -> None:
    over = {}
    for operation in school.operations.all.values():
        answer, statements = school.sent[operation.name]
        budget = budget_of(operation.method, operation.path, answer)
        spent = [one for one in statements if operation.method == "GET" or not one.startswith("INSERT")]
        if len(spent) > budget:
            over[operation.name] = "\n\n".join([f"{operation.name}: {len(spent)}, {budget} are allowed", *spent])
    assert over.keys() == {"get_greedy"}, "\n\n".join(over.values())


def test_a_list_takes_as_many_statements_for_many_rows_as_for_one(school: School) -> None:
    growing = set()
    for operation, letter, call in school.lists:
        counts = []
        for limit in (1, 100):
            with counted_statements(school.world.client.registry) as statements:
                school.call(letter, with_query(call, f"limit={limit}"))
            counts.append(len(statements))
        if counts[0] != counts[1]:
            growing.add((operation.name, letter, *counts))
    assert {name for name, *_ in growing} == {"get_greedy"}, growing


def test_a_list_finds_its_rows_by_an_index_and_reads_no_more_than_it_shows(school: School) -> None:
    found: dict[tuple[str, str], list[str]] = {}
    seen: dict[str, set[str]] = {}
    for operation, letter, call in school.lists:
        explained, asked = seen.setdefault(operation.name, set()), call
        # Forward to the second page, and back to the first.
        for what in ("", "next", "previous"):
            wrong, answer = school.faults_of(letter, asked, explained)
            found.setdefault((operation.name, what), []).extend(wrong)
            following = answer.json.get("previous" if what == "next" else "next")
            if following is None:
                break
            asked = replace(call, query=following.partition("?")[2])
        for what, asked in school.filtered(operation, call):
            found.setdefault((operation.name, what), []).extend(school.faults_of(letter, asked, explained)[0])
    assert sum(map(len, seen.values())) > 100
    wrong_ones = {key: told for key, told in found.items() if told and key not in LOOKED_THROUGH}
    assert {name for name, _ in wrong_ones} == {"get_greedy"}, "\n\n".join(
        "\n".join([" ".join(key), *told]) for key, told in wrong_ones.items()
    )
