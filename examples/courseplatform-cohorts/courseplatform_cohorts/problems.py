"""Error codes of cohorts."""

PROBLEMS = {
    "cohort_full": "The cohort has no free seat, nor has another one that takes newcomers.",
    "cohort_name_taken": "Another cohort of the course has this name.",
    "cohort_has_members": "Students are in this cohort. Move them to another one first.",
}
