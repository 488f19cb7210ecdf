"""The count and the sum are right whoever comes at once."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor

from tests.factories.accounts import make_user
from tests.factories.courses import make_course
from tests.factories.enrollments import enrol
from tests.factories.reviews import make_review

AT_ONCE = 32


def at_once(calls):
    with ThreadPoolExecutor(AT_ONCE) as pool:
        return Counter(answer.status_int for answer in [f.result() for f in [pool.submit(call) for call in calls]])


def test_thirty_two_students_at_once_are_all_counted(committing_client):
    client = committing_client
    course = make_course(client, make_user(client, "teacher"))
    students = [make_user(client) for _ in range(AT_ONCE)]
    for student in students:
        enrol(client, course, student)
    ratings = [1 + number % 5 for number in range(AT_ONCE)]
    pairs = zip(students, ratings, strict=True)
    statuses = at_once(
        lambda s=student, r=rating: s.post(f"{course}reviews/", {"rating": r}, status=None) for student, rating in pairs
    )
    assert statuses == {201: AT_ONCE}
    body = client.get(course).json
    assert (body["review_count"], body["review_average"]) == (AT_ONCE, round(sum(ratings) / AT_ONCE, 2))


def test_one_student_thirty_two_times_at_once_is_counted_once(committing_client):
    client = committing_client
    course = make_course(client, make_user(client, "teacher"))
    student = make_user(client)
    enrol(client, course, student)
    call = lambda: student.post(f"{course}reviews/", {"rating": 3}, status=None)  # noqa: E731
    assert at_once([call] * AT_ONCE) == {201: 1, 409: AT_ONCE - 1}
    body = client.get(course).json
    assert (body["review_count"], body["review_average"]) == (1, 3.0)


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
    assert at_once(calls) == {200: 12, 204: 4, 404: 8}
    left = [row["rating"] for row in client.get(f"{course}reviews/").json["results"]]
    body = client.get(course).json
    assert (body["review_count"], body["review_average"]) == (4, round(sum(left) / 4, 2))
