"""Error codes of signing in with a provider."""

from courseplatform.api import Problem

PROBLEMS = {
    "login_invalid": Problem(
        400, "This sign-in is unknown, used, over or was begun in another browser.", "Begin again."
    ),
    "provider_denied": Problem(
        403, "The provider did not confirm who you are.", "Begin again, or sign in another way."
    ),
    "provider_mismatch": Problem(
        400, "The answer comes from another provider than the one that was asked.", "Begin again."
    ),
    "provider_untrusted": Problem(
        502,
        "The provider's answer can't be trusted, so nothing was done.",
        "Begin again; if it stays so, sign in another way and tell the operators.",
    ),
    "provider_unavailable": Problem(
        503, "The provider can't be reached at present.", "Repeat later, or sign in another way."
    ),
    "registration_closed": Problem(
        403,
        "No account is linked with this identity, and this provider's people get none by signing in.",
        "Sign in another way, and link it in your profile.",
    ),
    "account_inactive": Problem(
        403, "The account that this identity is linked with is not active.", "Ask an administrator."
    ),
    "identity_taken": Problem(409, "This identity is linked with another account.", "Unlink it there first."),
    "last_way_in": Problem(
        409, "This is the only way into the account.", "Set a password, or link another identity first."
    ),
}
