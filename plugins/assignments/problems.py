"""Error codes of assignments."""

PROBLEMS = {
    "submission_locked": "The assignment is locked: its lock date has passed and nothing is taken in any more.",
}
