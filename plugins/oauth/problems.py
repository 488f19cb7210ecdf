"""Error codes of OAuth. Clients at the token, revocation and introspection endpoints get those of RFC 6749 instead."""

PROBLEMS = {
    "unknown_client": "No such client is registered here. Nobody was sent anywhere; tell the application's makers.",
    "redirect_uri_mismatch": "The client has not registered exactly this redirect_uri. Nobody was sent anywhere.",
    "public_client": "A public client has no secret. Register a confidential one if it can keep a secret.",
}
