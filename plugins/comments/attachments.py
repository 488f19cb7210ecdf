"""Where comments hang, while the plugin of what they are about is on."""

from courseplatform.api import Configurator


def lessons(config: Configurator) -> None:
    hang(config, "lesson", "plugins.lessons.api.LessonItem", "plugins.comments.resources.LessonComments")


def assignments(config: Configurator) -> None:
    hang(
        config, "assignment", "plugins.assignments.api.AssignmentItem", "plugins.comments.resources.AssignmentComments"
    )


def submissions(config: Configurator) -> None:
    hang(
        config, "submission", "plugins.submissions.api.SubmissionItem", "plugins.comments.resources.SubmissionComments"
    )


def hang(config: Configurator, target: str, node: str, comments: str) -> None:
    """Mount comments beneath a node. Their services are named one by one: a scan would find those of all targets."""
    config.add_resource_node(node, "comments", comments)
    of_target = f"plugins.{target}s.api"
    config.registry["comments.audiences"][target] = config.maybe_dotted(f"{of_target}.{target}_audience")
    config.registry["comments.may_know"][target] = config.maybe_dotted(f"{of_target}.may_know_{target}")
    config.add_cornice_service(config.maybe_dotted(f"plugins.comments.views.{target}_comments"))
    config.add_cornice_service(config.maybe_dotted(f"plugins.comments.views.{target}_comment"))
