"""Error codes of the event feed and of webhooks."""

PROBLEMS = {
    "sequence_unknown": "The log has not everything that came after this sequence: it is too old and was deleted, or "
    "was never given out. Read what you follow anew, then go on from 'newest_sequence'; 'oldest_sequence' is the first "
    "event that is still there.",
    "too_many_webhooks": "You have as many webhooks as one may have. Delete one first.",
    "webhook_disabled": "The webhook is disabled and is sent nothing. Enable it first.",
}
