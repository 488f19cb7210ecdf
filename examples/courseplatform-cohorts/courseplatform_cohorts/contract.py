"""What the platform's contract tests have to know of this plugin: see ``tests/contracts/contributions.py`` there."""

from typing import Any

from .models import Cohort, CohortDeadline, CohortLesson, CohortMember

COHORTS = "/courses/{course}/cohorts/"
COHORT = COHORTS + "{cohort}/"
DATES = COHORT + "deadlines/{assignment}/"
ROSTER = "/courses/{course}/enrollments/"
SEATED = {"student_id": "{user_S}", "extensions": {"cohort": "{cohort}"}}
NAME = {"name": "New name"}
OTHERS = "/courses/{third}/lessons/{lesson_of_others}/"

#: Method, address, the statuses for A S E T O C D, body, budget of SQL statements. E is a member of ``{cohort}``.
MATRIX = [
    ("GET", COHORTS, "401 403 403 403 200 200 200"),
    ("POST", COHORTS, "401 403 403 403 201 201 201", NAME),
    ("GET", COHORT, "401 404 200 404 200 200 200"),
    ("PUT", COHORT, "401 404 403 404 200 200 200", NAME),
    ("PATCH", COHORT, "401 404 403 404 200 200 200", {"lesson_ids": ["{second}"]}),
    ("DELETE", COHORT, "401 404 403 404 409 409 409"),
    ("DELETE", COHORTS + "{cohort_empty}/", "401 404 404 404 204 204 204"),
    ("GET", COHORT + "deadlines/", "401 404 200 404 200 200 200"),
    ("GET", DATES, "401 404 200 404 200 200 200"),
    ("PUT", DATES, "401 404 403 404 200 200 200", {"due_at": "2030-01-01T00:00:00Z"}),
    ("DELETE", DATES, "401 404 403 404 204 204 204"),
    # Six to enrol; the seat, the cohort's count, the dates held, lateness, progress (two), and the answer.
    ("POST", ROSTER, "401 403 403 403 201 201 201", SEATED, 13),
    ("GET", ROSTER + "?cohort={cohort}", "401 403 403 403 200 200 200"),
    # A lesson for a cohort that E is not in, in a third teacher's course; its title is in the list all the same.
    ("GET", "/courses/{third}/lessons/", "200 200 200 200 200 200 200"),
    ("GET", OTHERS, "401 404 404 404 404 404 200"),
    ("GET", OTHERS + "assignments/", "401 404 404 404 404 404 200"),
    ("GET", OTHERS + "comments/", "401 404 404 404 404 404 200"),
    ("PUT", OTHERS + "completion/", "401 404 404 404 404 404 403"),
]

MISMATCHED = [
    "/courses/{elsewhere}/cohorts/{cohort}/",
    "/courses/{elsewhere}/cohorts/{cohort}/deadlines/",
    "/courses/{elsewhere}/cohorts/{cohort}/deadlines/{assignment}/",
]

#: Roles of x-permissions, and which actors have them.
ROLES = [("cohort member", "E")]

#: Kinds of notifications; none is mailed unless its reader asks.
KINDS = ["cohort_dates_moved"]

#: Tables that name users, and where an export has them.
EXPORTED = [("cohort_members", "cohorts")]

#: Lists that read more than they show, by what they are asked for, and why that does.
LOOKED_THROUGH = [
    *((("get_enrollments", how), "the members of one cohort") for how in ("", "next", "previous", "cohort")),
    (("get_lessons", ""), "the lessons for the cohorts that the caller is in: here hundreds"),
    (("get_assignments", ""), "the dates that all cohorts have for a page of assignments"),
]

#: Extensions that say nothing of people.
NAMELESS = [("enrollments", "cohort")]


def build(world: Any) -> None:
    """Add this plugin's rows to the world of the matrix."""
    from plugins.lessons.api import Lesson

    now, course_id, third_id = world.request.now, world.ids["course"], world.ids["third"]
    cohort = world.add("cohort", cohort_of(course_id, now, name="A", member_count=1))
    world.add("cohort_empty", cohort_of(course_id, now, name="B"))
    others = world.add("cohort_third", cohort_of(third_id, now, name="A"))
    lesson = world.add("lesson_of_others", Lesson(course_id=third_id, title="B", position=2, created_at=now))
    enrollment_id, assignment_id = world.ids["enrollment_E"], world.ids["assignment"]
    world.request.db.add_all(
        [
            CohortMember(enrollment_id=enrollment_id, cohort_id=cohort.id, student_id=world.user("E")),
            CohortLesson(cohort_id=others.id, lesson_id=lesson.id),
            CohortDeadline(cohort_id=cohort.id, assignment_id=assignment_id),
        ]
    )
    world.request.db.flush()


def cohort_of(course_id: Any, now: Any, **fields: Any) -> Cohort:
    return Cohort(course_id=course_id, capacity=10, created_at=now, **fields)
