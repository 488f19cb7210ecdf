"""Error codes of lessons."""

PROBLEMS = {
    "no_lessons": "The course has no lesson yet. Add one, then publish.",
    "position_taken": "Another lesson of the course has this position. Leave it out, or reorder all lessons at once.",
    "too_many_lessons": "The course has as many lessons as one course can have.",
}
