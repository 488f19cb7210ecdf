"""Error codes of the event feed and of webhooks."""

from courseplatform.api import Problem

PROBLEMS = {
    "sequence_unknown": Problem(
        409,
        "The log has not everything that came after this sequence: it is too old and was deleted, or was never given "
        "out.",
        "Read what you follow anew, then go on from 'newest_sequence'.",
        {"oldest_sequence": "The first event that is still there.", "newest_sequence": "The last one; null: none yet."},
    ),
    "too_many_webhooks": Problem(
        409, "You have as many webhooks as one may have.", "Delete one first.", {"max_webhooks": "How many that is."}
    ),
    "webhook_disabled": Problem(
        409,
        "The webhook is disabled and is sent nothing.",
        'Enable it first: PATCH {"is_enabled": true}.',
        {"disabled_reason": "Why the platform disabled it; null if its owner did."},
    ),
}
