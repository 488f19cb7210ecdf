"""Error codes of uploads."""

PROBLEMS = {
    "uploads_exhausted": "You have as many unused uploads as you may. Use or delete one; each goes after a day.",
    "upload_expired": "The upload is over. Begin another one.",
    "upload_consumed": "The upload has been used already. Begin another one.",
    "upload_incomplete": "Its bytes have not come yet, or others have. Send those that were announced to the upload's address.",
    "upload_differs": "These are not the bytes that were announced: their number or their SHA-256 is another.",
}
