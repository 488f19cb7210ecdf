"""A plugin that does what ``test_statements.py`` is there to find."""

from typing import Any

from sqlalchemy import select

from courseplatform.api import (
    Allow,
    Configurator,
    Everyone,
    ListQuery,
    Node,
    Request,
    Service,
)
from plugins.accounts.models import User
from tests.contracts.matrix import Row, r

#: In the matrix's form. ``/greedy/nowhere/`` is left out.
MATRIX: list[Row] = [r("GET", "/greedy/", "200 200 200 200 200 200 200")]


class Greedy(Node):
    """``/greedy``, open to everybody"""

    __acl__ = [(Allow, Everyone, "greedy:read")]

    def __getitem__(self, segment: str) -> Node:
        return Greedy(self.request, segment, self)


greedy = Service("greedy", "/greedy/")
nowhere = Service("nowhere", "/greedy/nowhere/")


@greedy.get(permission="greedy:read", query=ListQuery)
def list_users(request: Request) -> Any:
    """Users by a column without an index, each asked for once more."""
    page = request.paginate(select(User), order=(User.last_name, User.id))
    for row in page["results"]:
        request.db.scalar(select(User.id).where(User.id == row["id"]))
    return page


@nowhere.get(permission="greedy:read", query=ListQuery)
def list_nothing(request: Request) -> Any:
    """An address that no line of the matrix names."""
    return request.paginate(select(User), order=(User.id,))


def includeme(config: Configurator) -> None:
    config.include("plugins.accounts")
    config.add_resource_node("courseplatform.api.Root", "greedy", "tests.contracts.greedy.Greedy")
    config.scan(__name__)
