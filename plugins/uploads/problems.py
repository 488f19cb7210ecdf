"""Error codes of uploads."""

from courseplatform.api import Problem

PROBLEMS = {
    "uploads_exhausted": Problem(
        409, "You have as many unused uploads as you may.", "Use or delete one; each goes after a day."
    ),
    "upload_expired": Problem(409, "The upload is over.", "Begin another one."),
    "upload_consumed": Problem(409, "The upload has been used already.", "Begin another one."),
    "upload_incomplete": Problem(
        409, "The upload's bytes have not come yet.", "Send them to its address, and then repeat this."
    ),
    "upload_differs": Problem(
        400,
        "These are not the bytes that were announced: their number or their SHA-256 is another.",
        "Announce an upload with the size and the SHA-256 of what you send.",
    ),
}
