"""Reviews: what those who took a course think of it, one rating each.

Offers: reviews beneath a course; the course's ``review_count`` and ``review_average``, right at every moment.
Needs: enrollments (its role ``participant``), courses, accounts.
"""

from courseplatform.api import Configurator


def includeme(config: Configurator) -> None:
    config.include("plugins.accounts")
    config.include("plugins.courses")
    config.include("plugins.enrollments")
    config.add_problems("plugins.reviews.problems.PROBLEMS")
    config.add_scope("courses:read", permissions=["review:list"])
    config.add_scope("reviews:write", "Review courses for you", ["review:write", "review:edit"])
    config.add_resource_node("plugins.courses.api.CourseItem", "reviews", "plugins.reviews.resources.Reviews")
    config.add_cache_topic("reviews", "plugins.reviews.models.Review", of="course_id")
    config.add_representation(
        "plugins.reviews.models.Review",
        "plugins.reviews.representations.review_json",
        schema="plugins.reviews.schemas.ReviewAnswer",
    )
    config.add_extension(
        "plugins.reviews.models.Review",
        "student",
        "plugins.reviews.representations.load_students",
        answer="plugins.accounts.api.UserCardAnswer",
        shared=("people",),
    )
    config.require_verified("plugins.reviews.resources.Reviews", "review:write")
    config.require_verified("plugins.reviews.resources.ReviewItem", "review:edit")
    config.add_export("reviews", "plugins.reviews.exports.reviews")
    config.scan("plugins.reviews.views")
