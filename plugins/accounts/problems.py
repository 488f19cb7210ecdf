"""Error codes of accounts."""

from courseplatform.api import Problem

PROBLEMS = {
    "username_taken": Problem(
        409, "Another account has this username.", "Choose another; upper and lower case make no difference."
    ),
    "email_taken": Problem(
        409, "Another account has this e-mail address.", "If it is yours, sign in to it; else use another address."
    ),
    "invalid_credentials": Problem(
        401,
        "Username or password is wrong, or the account is not active.",
        "Check both, or have a link to reset the password mailed: POST /api/auth/password-reset/.",
    ),
    "invalid_refresh_token": Problem(
        401, "The refresh token is unknown or used up, or its session has ended.", "Sign in again."
    ),
    "last_admin": Problem(409, "This is the last active administrator.", "Make another one first."),
    "account_erased": Problem(
        409,
        "The account was erased; what is left of it can't be changed.",
        "Nothing brings it back: its owner can register again.",
        {"erased_at": "When."},
    ),
    "invalid_token_link": Problem(
        409, "This link is wrong, used up, out of date or replaced by a newer one.", "Ask for a new one."
    ),
    "wrong_password": Problem(
        403, "This is not your present password.", "If you forgot it, ask for a link to reset it."
    ),
    "email_not_verified": Problem(
        403,
        "This is for people whose e-mail address is verified, and yours is not.",
        "POST /api/auth/email-verification/ mails you a link; follow it.",
    ),
    "own_account": Problem(
        403, "An administrator can't do this to the own account.", "Ask another administrator; erase it at /users/me/."
    ),
}
