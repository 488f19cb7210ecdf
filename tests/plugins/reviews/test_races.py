"""The count and the sum are right whoever comes at once."""

from tests.factories.accounts import make_user
from tests.factories.courses import make_course
from tests.factories.enrollments import enrol
from tests.factories.reviews import make_review
from tests.races import THREADS, statuses_at_once


def test_thirty_two_students_at_once_are_all_counted(committing_client):
    client = committing_client
    course = make_course(client, make_user(client, "teacher"))
    students = [make_user(client) for _ in range(THREADS)]
    for student in students:
        enrol(client, course, student)
    ratings = [1 + number % 5 for number in range(THREADS)]
    pairs = zip(students, ratings, strict=True)
    statuses = statuses_at_once(
        *[lambda s=s, r=r: s.post(f"{course}reviews/", {"rating": r}, status=None) for s, r in pairs]
    )
    assert statuses == {201: THREADS}
    body = client.get(course).json
    assert (body["review_count"], body["review_average"]) == (THREADS, round(sum(ratings) / THREADS, 2))


def test_changes_and_deletions_at_once_keep_the_sum_right(committing_client):
    client = committing_client
    course = make_course(client, make_user(client, "teacher"))
    students = [make_user(client) for _ in range(8)]
    reviews = [(student, make_review(client, course, student, rating=5)) for student in students]
    calls = []
    for student, address in reviews[:4]:
        calls += [lambda s=student, a=address, n=n: s.patch(a, {"rating": n}, status=None) for n in (1, 2, 3)]
    for student, address in reviews[4:]:
        calls += [lambda s=student, a=address: s.delete(a, status=None)] * 3
    assert statuses_at_once(*calls) == {200: 12, 204: 4, 404: 8}
    left = [row["rating"] for row in client.get(f"{course}reviews/").json["results"]]
    body = client.get(course).json
    assert (body["review_count"], body["review_average"]) == (4, round(sum(left) / 4, 2))
