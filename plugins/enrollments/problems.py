"""Error codes of enrollments."""

from courseplatform.api import Problem

PROBLEMS = {
    "already_enrolled": Problem(409, "The user is enrolled in the course already.", "Nothing is left to do."),
    "enrollment_removed": Problem(
        409, "The course's staff removed this enrollment.", "Ask a teacher of the course: only staff bring it back."
    ),
    "is_staff": Problem(
        409,
        "The user teaches the course, and so can't be its student.",
        "Let the owner of the course take them off its teachers first.",
    ),
    "is_enrolled": Problem(
        409,
        "The user takes the course, and so can't teach it.",
        "The enrollment has to be dropped first: DELETE …/enrollments/me/.",
    ),
}
