"""Error codes of comments."""

from courseplatform.api import Problem

PROBLEMS = {
    "comment_deleted": Problem(
        409, "The comment was deleted: it can be neither edited nor answered.", "Answer another, or begin anew."
    ),
}
