"""Replies and deletions at the same moment."""

from concurrent.futures import ThreadPoolExecutor

from courseplatform.testing import Client
from plugins.comments.models import Comment
from tests.factories.comments import make_comment
from tests.factories.courses import id_of

from .conftest import make_world


def test_no_reply_ever_loses_the_comment_it_answers(committing_client: Client) -> None:
    world = make_world(committing_client)
    comments = world.lesson + "comments/"
    for _ in range(8):
        comment = make_comment(committing_client, world.lesson, world.student)
        reply = {"text": "a", "parent_id": id_of(comment)}
        calls = [lambda c=comment: world.student.delete(c, status=None)]
        calls[:0] = [lambda r=reply: world.owner.post(comments, r, status=None)] * 3
        calls += [lambda r=reply: world.classmate.post(comments, r, status=None)] * 3
        with ThreadPoolExecutor(7) as pool:
            statuses = [future.result().status_int for future in [pool.submit(call) for call in calls]]
        made = statuses.count(201)
        assert set(statuses) <= {201, 204, 409, 422}
        assert statuses[3] == 204
        with committing_client.script() as request:
            row = request.db.get(Comment, id_of(comment))
            assert request.db.query(Comment).filter_by(parent_id=id_of(comment)).count() == made
            assert (row is not None and row.is_deleted) if made else row is None


def test_a_comment_is_deleted_once_by_many(committing_client: Client) -> None:
    world = make_world(committing_client)
    comment = make_comment(committing_client, world.lesson, world.student)
    with ThreadPoolExecutor(8) as pool:
        answers = [future.result() for future in [pool.submit(world.owner.delete, comment, None) for _ in range(16)]]
    assert sorted(answer.status_int for answer in answers) == [204] + [404] * 15
