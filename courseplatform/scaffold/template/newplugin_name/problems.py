"""Error codes, and what clients read about them."""

from courseplatform.api import Problem

PROBLEMS = {
    "newplugin_name_exists": Problem(
        409, "You have a note with this title at this course already.", "Choose another title, or change that note."
    ),
}
