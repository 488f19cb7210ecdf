"""Error codes of certificates."""

from courseplatform.api import Problem

PROBLEMS = {
    "not_enrolled": Problem(409, "The student was never enrolled in the course.", "Enrol the student first."),
    "requirements_not_met": Problem(
        409,
        "The student has not done all that is required.",
        "Wait until they have, or give an 'override_reason' to issue it anyway.",
        {"percent": "How much of it is done."},
    ),
    "own_certificate": Problem(
        403, "Nobody issues a certificate to themselves.", "Ask another teacher of the course, or an administrator."
    ),
    "certificate_exists": Problem(
        409, "There is a certificate of this student and course already.", "Read it, and change that one instead."
    ),
    "certificate_revoked": Problem(
        409,
        "The certificate was revoked.",
        "Who may edit it can lift the revocation; then it is valid again.",
        {"revoked_at": "When."},
    ),
    "certificate_not_issued": Problem(
        409, "The certificate is not issued, so there is nothing to revoke.", "Issue it first, or leave it as it is."
    ),
    "already_revoked": Problem(
        409, "The certificate is revoked already.", "Nothing is left to do.", {"revoked_at": "When."}
    ),
    "not_revoked": Problem(
        409,
        "The certificate is not revoked, so there is no revocation to lift.",
        "Nothing is left to do if it is issued; else issue it.",
        {"certificate_status": "The certificate's present one."},
    ),
}
