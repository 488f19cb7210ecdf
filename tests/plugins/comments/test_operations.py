"""Verbs of comments, without HTTP."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy.exc import IntegrityError

from courseplatform import errors
from courseplatform.api import Conflict, Invalid
from plugins.comments import operations
from plugins.comments.api import Comment, CommentReplied
from plugins.comments.events import CommentWritten
from tests.factories.comments import make_comment
from tests.factories.courses import id_of

from .conftest import World


@contextmanager
def heard(request: Any) -> Iterator[list[Any]]:
    """The events that are emitted meanwhile."""
    events: list[Any] = []
    emit = request.emit
    request.emit = lambda event: (events.append(event), emit(event))
    yield events
    request.emit = emit


def write(request: Any, world: World, parent: str | None = None, **fields: Any) -> Comment:
    given = {
        "target": {"lesson_id": UUID(id_of(world.lesson))},
        "course_id": UUID(id_of(world.course)),
        "author_id": world.owner.user_id,
        "text": "a",
        "parent_id": UUID(id_of(parent)) if parent else None,
        "path": world.lesson + "comments/",
    }
    return operations.write_comment(request, **{**given, **fields})


def test_a_reply_to_another_is_announced_with_its_address(world: World) -> None:
    parent = make_comment(world.client, world.lesson, world.student)
    with world.client.script() as request, heard(request) as events:
        reply = write(request, world, parent)
    assert events == [
        CommentWritten(
            comment_id=reply.id,
            course_id=UUID(id_of(world.course)),
            lesson_id=UUID(id_of(world.lesson)),
            parent_id=UUID(id_of(parent)),
            by_user_id=world.owner.user_id,
        ),
        CommentReplied(
            comment_id=reply.id,
            course_id=UUID(id_of(world.course)),
            submission_id=None,
            parent_author_id=world.student.user_id,
            by_user_id=world.owner.user_id,
            path=f"{world.lesson}comments/{reply.id}/",
        ),
    ]


def test_answering_oneself_is_no_reply(world: World) -> None:
    parent = make_comment(world.client, world.lesson, world.owner)
    with world.client.script() as request, heard(request) as events:
        write(request, world, parent)
        write(request, world)
    assert {type(event) for event in events} == {CommentWritten}


def test_a_parent_must_be_on_the_same_target_and_alive(world: World) -> None:
    shell = make_comment(world.client, world.lesson, world.student, is_deleted=True, text="")
    elsewhere = make_comment(world.client, world.assignment, world.student)
    with world.client.script() as request:
        with pytest.raises(Invalid):
            write(request, world, elsewhere)
        with pytest.raises(Conflict, match="comment_deleted"):
            write(request, world, shell)


def test_the_database_itself_refuses_a_reply_to_nothing_as_comment_deleted(world: World) -> None:
    gone = UUID("0198c0de-0000-7000-8000-000000000000")
    with world.client.script() as request:
        comment = Comment(author_id=world.owner.user_id, text="a", parent_id=gone, lesson_id=UUID(id_of(world.lesson)))
        with pytest.raises(IntegrityError) as caught, request.db.begin_nested():
            request.db.add(comment)
            request.db.flush()
        answer = errors.integrity_error(caught.value, request)
        assert (answer.status_int, answer.json["code"]) == (409, "comment_deleted")


def test_a_comment_has_exactly_one_target(world: World) -> None:
    both = {"lesson_id": UUID(id_of(world.lesson)), "assignment_id": UUID(id_of(world.assignment))}
    with world.client.script() as request:
        for target in ({}, both):
            with pytest.raises(IntegrityError), request.db.begin_nested():
                request.db.add(Comment(author_id=world.owner.user_id, text="a", **target))
                request.db.flush()
