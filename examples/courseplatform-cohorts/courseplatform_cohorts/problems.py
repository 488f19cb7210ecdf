"""Error codes of cohorts."""

from courseplatform.api import Problem

PROBLEMS = {
    "cohort_full": Problem(
        409,
        "The cohort has no free seat, nor has another one that takes newcomers.",
        "Ask a teacher of the course for a larger cohort, or another one.",
    ),
    "cohort_name_taken": Problem(409, "Another cohort of the course has this name.", "Choose another."),
    "cohort_has_members": Problem(
        409,
        "Students are in this cohort.",
        "Move them to another one first.",
        {"member_count": "How many; not told if the first came at the same moment."},
    ),
}
