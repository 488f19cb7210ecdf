"""Error codes of submissions."""

from courseplatform.api import Problem

PROBLEMS = {
    "malformed_upload": Problem(
        400,
        "The multipart/form-data body can't be read.",
        "Send text, file and status at most once each, in UTF-8, with the boundary that Content-Type names.",
    ),
    "attempt_exists": Problem(
        409,
        "This attempt was handed in at the same moment by another request.",
        "Read your submissions again: it is among them.",
    ),
    "same_content": Problem(
        409,
        "Just this is handed in already and waits to be checked.",
        "Nothing is left to do.",
        {"submission_id": "Where.", "submitted_at": "When."},
    ),
    "draft_exists": Problem(
        409,
        "You have an open draft of this assignment.",
        "Hand it in or delete it first.",
        {"submission_id": "Which; not told if it was made at the same moment."},
    ),
    "attempts_exhausted": Problem(
        409,
        "All attempts at this assignment are used up.",
        "Change the last one while it is unchecked, or ask a teacher for more.",
        {"max_attempts": "How many there are."},
    ),
    "already_submitted": Problem(
        409,
        "The work is handed in and can't become a draft again.",
        "Change it as it is, or delete it and begin anew.",
        {"submitted_at": "When."},
    ),
    "already_checked": Problem(
        409,
        "The work has been checked and can't be changed any more.",
        "Ask a teacher of the course to return it; then hand in a new attempt.",
        {"checked_at": "When."},
    ),
    "already_returned": Problem(409, "The work was returned and stays as it is.", "Hand in a new attempt."),
    "not_submitted": Problem(
        409, "The work is a draft: there is nothing to check.", "Wait until the student hands it in."
    ),
    "own_work": Problem(403, "Nobody checks their own work.", "Ask another teacher of the course."),
    "has_submissions": Problem(
        409,
        "Students have handed in work here, which would be lost.",
        "Unpublish it instead.",
        {"submission_count": "How many; not told of a lesson, nor if the first came at the same moment."},
    ),
    "grades_exceed": Problem(
        409,
        "Grades above the new maximum were given already.",
        "Change them first, or choose a higher maximum.",
        {"highest_grade": "The highest grade that was given.", "max_points": "The new maximum that was asked for."},
    ),
}
