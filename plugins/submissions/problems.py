"""Error codes of submissions."""

PROBLEMS = {
    "malformed_upload": "The multipart/form-data body can't be read. Send text, file and status at most once each.",
    "attempt_exists": "This attempt was handed in at the same moment by another request. Read your submissions again.",
    "same_content": "Just this is handed in already and waits to be checked.",
    "draft_exists": "You have an open draft of this assignment. Hand it in or delete it first.",
    "attempts_exhausted": "All attempts at this assignment are used up. Your teacher can return one.",
    "already_submitted": "The work is handed in and can't become a draft again. Change or delete it instead.",
    "already_checked": "The work has been checked and can't be changed any more.",
    "already_returned": "The work was returned and stays as it is. Hand in a new attempt.",
    "not_submitted": "The work is a draft: there is nothing to check before the student hands it in.",
    "own_work": "Nobody checks their own work. Ask another teacher of the course.",
    "has_submissions": "Students have handed in work here, which would be lost. Unpublish it instead.",
    "grades_exceed": "Grades above the new maximum were given already. Change them first.",
}
