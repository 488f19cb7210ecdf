"""Error codes of lessons."""

from courseplatform.api import Problem

PROBLEMS = {
    "no_lessons": Problem(409, "The course has no lesson yet.", "Add one, then publish."),
    "position_taken": Problem(
        409,
        "Another lesson of the course has this position.",
        "Leave it out, or reorder all lessons at once: PUT …/lessons/order/.",
    ),
    "too_many_lessons": Problem(
        409,
        "The course has as many lessons as one course can have.",
        "Delete one, or go on in another course.",
        {"max_lessons": "How many that is."},
    ),
}
