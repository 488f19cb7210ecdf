"""Error codes of notifications."""

from courseplatform.api import Problem

PROBLEMS = {
    "already_notified": Problem(
        409, "This user has a notification of the same event already.", "Edit that one instead."
    ),
}
