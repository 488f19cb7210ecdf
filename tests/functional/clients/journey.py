"""From sign-in to a grade with the client that openapi-python-client makes: see "Generated clients" in docs/clients.md.

``python journey.py URL TEACHER PASSWORD``
"""

import io
import sys
from http import HTTPStatus

from courses_api import AuthenticatedClient, Client
from courses_api.api.accounts import get_me, post_login, post_logout, post_register
from courses_api.api.assignments import post_assignments
from courses_api.api.courses import get_courses, patch_course, post_courses, put_course_publication
from courses_api.api.enrollments import put_my_enrollment
from courses_api.api.lessons import post_lessons
from courses_api.api.submissions import get_submission, get_submission_file, post_submissions, put_submission_grade
from courses_api.models import (
    Assignment,
    AssignmentBody,
    Course,
    CourseBodyPatch,
    CoursePage,
    Credentials,
    Enrollment,
    Grade,
    Lesson,
    LessonBody,
    NewCourse,
    Problem,
    Registration,
    Submission,
    SubmissionStatus,
    SubmissionUpload,
    SubmittedFile,
    TokenPair,
    User,
)
from courses_api.types import File

WORK = "1 2 3 … 10".encode()


def sign_in(url: str, username: str, password: str) -> AuthenticatedClient:
    pair = post_login.sync(client=Client(url), body=Credentials(username=username, password=password))
    assert isinstance(pair, TokenPair), pair
    return AuthenticatedClient(url, pair.access_token)


def main(url: str, teacher_name: str, password: str) -> None:
    teacher = sign_in(url, teacher_name, password)
    made = post_courses.sync(client=teacher, body=NewCourse(title="Python by machine"))
    assert isinstance(made, Course), made
    lesson = post_lessons.sync(made.id, client=teacher, body=LessonBody(title="Numbers"))
    assert isinstance(lesson, Lesson), lesson
    task = AssignmentBody(title="Count to ten", max_points=10)
    assignment = post_assignments.sync(made.id, lesson.id, client=teacher, body=task)
    assert isinstance(assignment, Assignment) and assignment.due_at is None, assignment
    patched = patch_course.sync(made.id, client=teacher, body=CourseBodyPatch(description="Made by a program"))
    assert isinstance(patched, Course) and patched.title == made.title, patched
    put_course_publication.sync(made.id, client=teacher)

    person = Registration(username="pygenerated", email="pygenerated@example.com", password=password)
    user = post_register.sync(client=Client(url), body=person)
    assert isinstance(user, User), user
    student = sign_in(url, "pygenerated", password)
    page = get_courses.sync(client=student, search="by machine", limit=1)
    assert isinstance(page, CoursePage) and page.results[0].id == made.id, page
    enrollment = put_my_enrollment.sync(made.id, client=student)
    assert isinstance(enrollment, Enrollment), enrollment

    where = (made.id, lesson.id, assignment.id)
    upload = SubmissionUpload(text="See the file", file=File(io.BytesIO(WORK), "ответ.txt", "text/plain"))
    submission = post_submissions.sync(*where, client=student, body=upload)
    assert isinstance(submission, Submission), submission
    assert isinstance(submission.file, SubmittedFile) and submission.file.name == "ответ.txt", submission
    assert submission.grade is None and submission.status is SubmissionStatus.SUBMITTED, submission

    read = get_submission.sync_detailed(*where, submission.id, client=teacher)
    downloaded = get_submission_file.sync(*where, submission.id, client=teacher)
    assert not isinstance(downloaded, Problem) and downloaded and downloaded.payload.read() == WORK, downloaded
    etag, grade = read.headers["ETag"], Grade(grade=9, feedback="Good")
    graded = put_submission_grade.sync(*where, submission.id, client=teacher, body=grade, if_match=etag)
    assert isinstance(graded, Submission) and graded.grade == 9, graded
    again = put_submission_grade.sync(*where, submission.id, client=teacher, body=grade, if_match=etag)
    assert isinstance(again, Problem) and again.code == "precondition_failed", again

    seen = get_submission.sync(*where, submission.id, client=student)
    assert isinstance(seen, Submission) and (seen.grade, seen.is_checked) == (9, True), seen
    assert post_logout.sync_detailed(client=student).status_code is HTTPStatus.NO_CONTENT
    gone = get_me.sync(client=student)
    assert isinstance(gone, Problem) and gone.code == "invalid_token", gone


if __name__ == "__main__":
    main(*sys.argv[1:])
