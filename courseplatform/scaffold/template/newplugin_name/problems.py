"""Error codes, and what clients read about them."""

PROBLEMS = {
    "newplugin_name_exists": "You have a note with this title at this course already.",
}
