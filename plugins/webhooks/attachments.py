"""What is done while a neighbour is on."""

from courseplatform.api import Configurator


def courses(config: Configurator) -> None:
    """Who teaches a course may follow it."""
    config.registry["webhooks.course_node"] = config.maybe_dotted("plugins.courses.api.CourseItem")
