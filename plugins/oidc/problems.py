"""Error codes of signing in with a provider."""

PROBLEMS = {
    "login_invalid": "This sign-in is unknown, used, over or was begun in another browser. Begin again.",
    "provider_denied": "The provider did not confirm who you are. Begin again, or sign in another way.",
    "provider_mismatch": "The answer comes from another provider than the one that was asked. Begin again.",
    "provider_untrusted": "The provider's answer can't be trusted, so nothing was done. Begin again.",
    "provider_unavailable": "The provider can't be reached at present. Repeat later, or sign in another way.",
    "registration_closed": "No account is linked with this identity. Sign in another way and link it in your profile.",
    "account_inactive": "The account that this identity is linked with is not active. Ask an administrator.",
    "identity_taken": "This identity is linked with an account already. Unlink it there first.",
    "last_way_in": "This is the only way into the account. Set a password or link another identity first.",
}
