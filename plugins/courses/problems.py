"""Error codes of courses."""

PROBLEMS = {
    "already_published": "The course is published already. Nothing is left to do.",
    "not_published": "The course is not published.",
    "not_archived": "The course is not archived.",
    "course_archived": "The course is archived: it can be read, but nobody takes part any more.",
    "has_dependents": "Students' work hangs on this; 'dependents' counts it. Archive the course instead.",
    "owns_courses": "The user owns courses. Name a teacher who takes them over with ?transfer_to=.",
    "not_a_teacher": "This user is not an active teacher. An administrator can change the role.",
    "already_staff": "This user teaches the course already.",
}
