"""Error codes of courses."""

from courseplatform.api import Problem

PRESENT = {"course_status": "The course's present one."}

PROBLEMS = {
    "already_published": Problem(409, "The course is published already.", "Nothing is left to do."),
    "not_published": Problem(
        409,
        "The course is not published.",
        "Publish a draft first: PUT …/publication/. Open an archived course again first: DELETE …/archive/.",
        PRESENT,
    ),
    "not_archived": Problem(409, "The course is not archived.", "Nothing is left to do.", PRESENT),
    "course_archived": Problem(
        409,
        "The course is archived: it can be read, but nobody takes part any more.",
        "A teacher of the course can open it again: DELETE …/archive/.",
    ),
    "has_dependents": Problem(
        409,
        "Students' work hangs on this course and would be lost.",
        "Archive the course instead: PUT …/archive/. An administrator can insist with ?force=true.",
        {"dependents": "How many hang on it, by what they are."},
    ),
    "owns_courses": Problem(
        409,
        "The user owns courses, which need an owner.",
        "Name a teacher who takes them over: ?transfer_to=.",
        {"course_count": "How many.", "course_ids": "Which, the first hundred."},
    ),
    "not_a_teacher": Problem(
        409, "The user is not an active teacher.", "Name another, or let an administrator change the user's role."
    ),
    "already_staff": Problem(409, "The user teaches the course already.", "Nothing is left to do."),
}
