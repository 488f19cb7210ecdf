"""For tests: users that are signed in."""

from datetime import timedelta
from itertools import count
from typing import Any
from uuid import UUID

import pytest

from courseplatform.testing import Client

from .models import SignInSession, User

#: The password of every user made here; its hash is the cheapest that argon2 allows.
PASSWORD = "correct horse battery"  # noqa: S105 - of users in tests


class Actor(Client):
    """A client that is signed in as ``user_id``."""

    def __init__(self, app: Any, token: str, user_id: UUID) -> None:
        super().__init__(app, token)
        self.id = str(user_id)
        self.user_id = user_id


_numbers = count(1)


def make_user(client: Client, role: str = "student", **fields: Any) -> Actor:
    """A user with this role and a living session. Names are unique over the whole run."""
    name = fields.pop("username", f"{role}{next(_numbers)}")
    with client.script() as request:
        if "accounts.testing.hash" not in request.registry:
            request.registry["accounts.testing.hash"] = request.registry["accounts.passwords"].hash(PASSWORD)
        user = User(
            username=name,
            email=f"{name}@example.com",
            password_hash=request.registry["accounts.testing.hash"],
            role=role,
            first_name=name.capitalize(),
            last_name="Example",
            created_at=request.now,
            **fields,
        )
        request.db.add(user)
        request.db.flush()
        session = SignInSession(user_id=user.id, created_at=request.now, expires_at=request.now.replace(year=8999))
        request.db.add(session)
        request.db.flush()
        tokens = request.registry["accounts.tokens"]
        token = tokens.create_token(user.id, timedelta(days=3650), sid=str(session.id), request=request)
        return Actor(client.app, token, user.id)


@pytest.fixture
def admin(client: Client) -> Actor:
    """A client that is signed in as an administrator."""
    return make_user(client, "admin")


@pytest.fixture
def teacher(client: Client) -> Actor:
    """A client that is signed in as a teacher."""
    return make_user(client, "teacher")


@pytest.fixture
def student(client: Client) -> Actor:
    """A client that is signed in as a student."""
    return make_user(client, "student")
