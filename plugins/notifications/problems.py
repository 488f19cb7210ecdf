"""Error codes of notifications."""

PROBLEMS = {
    "already_notified": "This user has a notification of the same event already. Edit that one instead.",
}
