"""Error codes of certificates."""

PROBLEMS = {
    "not_enrolled": "The student was never enrolled in the course.",
    "requirements_not_met": "The student has not done all that is required. Give an 'override_reason' to issue anyway.",
    "certificate_exists": "There is a certificate of this student and course already.",
    "certificate_revoked": "The certificate was revoked. Lift the revocation to make it valid again.",
    "certificate_not_issued": "The certificate is not issued, so there is nothing to revoke.",
    "already_revoked": "The certificate is revoked already. Nothing is left to do.",
    "not_revoked": "The certificate is not revoked, so there is no revocation to lift.",
}
