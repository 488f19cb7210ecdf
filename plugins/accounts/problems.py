"""Error codes of accounts."""

PROBLEMS = {
    "username_taken": "Another account has this username. Choose another; upper and lower case make no difference.",
    "email_taken": "Another account has this e-mail address. Sign in, or use another address.",
    "invalid_credentials": "Username or password is wrong, or the account is not active.",
    "invalid_refresh_token": "The refresh token is unknown, used up or its session has ended. Sign in again.",
    "last_admin": "This is the last active administrator. Make another one first.",
    "account_erased": "The account was erased; what is left of it can't be changed.",
    "invalid_token_link": "This link is wrong, used up, out of date or replaced by a newer one. Ask for a new one.",
    "wrong_password": "This is not your present password. If you forgot it, ask for a link to reset it.",
    "email_not_verified": "Verify your e-mail address first: POST /api/auth/email-verification/ mails you a link.",
    "own_account": "An administrator can't do this to the own account. Ask another administrator.",
}
