"""Error codes of uploads."""

PROBLEMS = {
    "uploads_exhausted": "You have as many unused uploads as you may. Use or delete one; each goes after a day.",
    "upload_expired": "The upload is over. Begin another one.",
    "upload_consumed": "The upload has been used already. Begin another one.",
    "upload_incomplete": "Just its bytes have not come yet. Send them to its address, and then repeat this.",
    "upload_differs": "These are not the bytes that were announced: their number or their SHA-256 is another.",
}
