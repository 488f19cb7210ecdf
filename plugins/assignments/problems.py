"""Error codes of assignments."""

from courseplatform.api import Problem

PROBLEMS = {
    "submission_locked": Problem(
        409,
        "The assignment is locked: nothing is handed in, changed or taken back after its lock date.",
        "Ask a teacher of the course for a later date.",
        {"lock_at": "Since when it is locked for this student.", "server_now": "The server's time."},
    ),
}
