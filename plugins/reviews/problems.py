"""Error codes of reviews."""

PROBLEMS = {
    "already_reviewed": "You have reviewed this course already. Change that review instead.",
}
