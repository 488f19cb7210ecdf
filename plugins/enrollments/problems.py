"""Error codes of enrollments."""

PROBLEMS = {
    "already_enrolled": "This user is enrolled in the course already.",
    "enrollment_removed": "The course's staff removed this enrollment. Only they can bring it back.",
    "is_staff": "This user teaches the course, and so can't be its student.",
    "is_enrolled": "This user takes the course, and so can't teach it. The enrollment has to be dropped first.",
}
