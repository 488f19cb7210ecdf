"""Comments: what people say about lessons, assignments and submissions.

Offers: comments and replies on whichever of these are on; the event ``CommentReplied``.
Needs: accounts.
"""

from courseplatform.api import Configurator


def includeme(config: Configurator) -> None:
    config.include("plugins.accounts")
    config.registry["comments.audiences"], config.registry["comments.may_know"] = {}, {}
    config.add_problems("plugins.comments.problems.PROBLEMS")
    config.add_scope("comments:write", "Comment, edit and delete", ["comment:write", "comment:edit", "comment:delete"])
    config.add_representation(
        "plugins.comments.models.Comment",
        "plugins.comments.representations.comment_json",
        schema="plugins.comments.schemas.CommentAnswer",
    )
    config.add_extension(
        "plugins.comments.models.Comment",
        "author",
        "plugins.comments.representations.load_authors",
        answer="plugins.accounts.api.UserCardAnswer",
    )
    config.require_verified("plugins.comments.resources.Comments", "comment:write")
    config.require_verified("plugins.comments.resources.CommentItem", "comment:edit")
    config.add_export("comments", "plugins.comments.exports.comments")
    for name in ("lessons", "assignments", "submissions"):
        # The table's foreign keys name the targets' tables, which are there also while their plugin is off.
        config.maybe_dotted(f"plugins.{name}.models")
        config.when_on(f"plugins.{name}", f"plugins.comments.attachments.{name}")
