"""Error codes of OAuth. Clients at the token, revocation and introspection endpoints get those of RFC 6749 instead."""

from courseplatform.api import Problem

PROBLEMS = {
    "unknown_client": Problem(
        400, "No such client is registered here. Nobody was sent anywhere.", "Tell the application's makers."
    ),
    "redirect_uri_mismatch": Problem(
        400,
        "The client has not registered exactly this redirect_uri. Nobody was sent anywhere.",
        "Tell the application's makers: it has to be one of those registered, letter by letter.",
    ),
    "public_client": Problem(
        409, "A public client has no secret.", "Register a confidential one, if the application can keep a secret."
    ),
}
