"""Error codes of comments."""

PROBLEMS = {
    "comment_deleted": "The comment was deleted: it can be neither edited nor answered. Answer another, or begin anew.",
}
