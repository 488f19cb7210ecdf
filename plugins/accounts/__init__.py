"""Accounts: who people are and how they sign in.

Offers: users, roles, JWT access tokens and rotating refresh tokens, the identity behind every request;
signing keys that rotate, and their public halves at ``/.well-known/jwks.json``; passwords and addresses proved by
mailed links; the directives ``add_export`` for plugins that hold something about a user, and ``require_verified`` for
what waits until an address is verified.
Needs: core only.
"""

from courseplatform.api import Configurator, positive_int

from .links import DEFAULT_TEMPLATE, link_template


def includeme(config: Configurator) -> None:
    config.add_setting("accounts.token_secret", required=True, secret=True)
    config.add_setting("accounts.token_issuer", default="courseplatform")
    config.add_setting("accounts.access_token_ttl_s", positive_int, default=15 * 60)
    config.add_setting("accounts.session_ttl_s", positive_int, default=30 * 24 * 3600)
    config.add_setting("accounts.link_template", link_template, default=DEFAULT_TEMPLATE)
    config.add_setting("accounts.max_concurrent_hashes", positive_int, default=4)
    config.add_setting("accounts.argon2_memory_kib", positive_int, default=64 * 1024)
    config.add_setting("accounts.argon2_rounds", positive_int, default=3)
    config.add_rate_limit("sign_in", default="10 per 5 minutes")
    config.add_rate_limit("sign_in_address", default="100 per 5 minutes")
    config.add_rate_limit("registration", default="20/hour")
    config.add_rate_limit("export", default="10/hour")
    config.add_rate_limit("token_refresh", default="300/minute")
    config.add_rate_limit("password_reset", default="5/hour")
    config.add_rate_limit("password_reset_address", default="60/hour")
    config.add_rate_limit("password_change", default="10/hour")
    config.add_rate_limit("email_verification", default="5/hour")
    config.add_rate_limit("email_change", default="10/hour")
    config.add_counter("courseplatform_sign_ins", "Tries to sign in.", labels=("outcome",))
    config.include("plugins.accounts.exports")
    config.include("plugins.accounts.passwords")
    config.include("plugins.accounts.tokens")
    config.include("plugins.accounts.verification")
    config.include("plugins.accounts.key_views")
    config.add_problems("plugins.accounts.problems.PROBLEMS")
    config.add_scope(
        "profile", "See your name, your profile and others' public cards", ["user:view"], is_read_only=True
    )
    config.add_scope("email", "See your e-mail address in your profile", is_read_only=True)
    config.add_resource_node("courseplatform.api.Root", "auth", "plugins.accounts.resources.Auth")
    config.add_resource_node("plugins.accounts.resources.Auth", "sessions", "plugins.accounts.resources.Sessions")
    config.add_resource_node("courseplatform.api.Root", "users", "plugins.accounts.resources.Users")
    config.add_resource_node("plugins.accounts.resources.Users", "me", "plugins.accounts.resources.Me")
    config.add_cache_topic(
        "people", "plugins.accounts.models.User", columns=("username", "first_name", "last_name", "role")
    )
    config.add_representation(
        "plugins.accounts.models.User",
        "plugins.accounts.representations.user_json",
        schema="plugins.accounts.schemas.UserAnswer",
    )
    config.add_representation(
        "plugins.accounts.models.SignInSession",
        "plugins.accounts.representations.session_json",
        schema="plugins.accounts.schemas.SessionAnswer",
    )
    config.add_forecast("sessions", "plugins.accounts.events.SessionsEnded", "plugins.accounts.forecasts.sessions")
    config.add_jobs("plugins.accounts.jobs")
    config.add_periodic_job("plugins.accounts.jobs.purge_sessions", every_s=3600)
    config.add_jobs("plugins.accounts.mail_jobs")
    config.add_periodic_job("plugins.accounts.mail_jobs.purge_links", every_s=3600)
    config.add_periodic_job("plugins.accounts.jobs.purge_keys", every_s=3600)
    config.add_command("plugins.accounts.commands.create_admin")
    config.add_command("plugins.accounts.commands.rotate_signing_keys")
    config.scan("plugins.accounts.views")
    config.scan("plugins.accounts.auth_views")
    config.scan("plugins.accounts.mail_views")
    config.scan("plugins.accounts.session_views")
