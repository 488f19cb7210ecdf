"""Error codes of reviews."""

from courseplatform.api import Problem

PROBLEMS = {
    "already_reviewed": Problem(409, "You have reviewed this course already.", "Change that review instead."),
}
