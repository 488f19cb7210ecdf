"""Comments: what people say about lessons, assignments and submissions.

Offers: comments and replies on these three; the event ``CommentReplied``.
Needs: accounts; lessons, assignments and submissions to attach to.
"""

from pyramid.config import Configurator


def includeme(config: Configurator) -> None:
    config.include("plugins.accounts")
    config.include("plugins.lessons")
    config.include("plugins.assignments")
    config.include("plugins.submissions")
    config.add_problems("plugins.comments.problems.PROBLEMS")
    config.add_scope("comments:write", "Comment, edit and delete", ["comment:write", "comment:edit", "comment:delete"])
    for target, comments in (
        ("plugins.lessons.api.LessonItem", "plugins.comments.resources.LessonComments"),
        ("plugins.assignments.api.AssignmentItem", "plugins.comments.resources.AssignmentComments"),
        ("plugins.submissions.api.SubmissionItem", "plugins.comments.resources.SubmissionComments"),
    ):
        config.add_resource_node(target, "comments", comments)
    config.add_representation("plugins.comments.models.Comment", "plugins.comments.representations.comment_json")
    config.add_extension("plugins.comments.models.Comment", "author", "plugins.comments.representations.load_authors")
    config.require_verified("plugins.comments.resources.Comments", "comment:write")
    config.require_verified("plugins.comments.resources.CommentItem", "comment:edit")
    config.add_export("comments", "plugins.comments.exports.comments")
    config.scan("plugins.comments.views")
