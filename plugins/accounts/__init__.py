"""Accounts: who people are and how they sign in.

Offers: users, roles, JWT access tokens and rotating refresh tokens, the identity behind every request.
Needs: core only.
"""

from pyramid.config import Configurator

from courseplatform.api import positive_int


def includeme(config: Configurator) -> None:
    config.add_setting("accounts.token_secret", required=True, secret=True)
    config.add_setting("accounts.token_issuer", default="courseplatform")
    config.add_setting("accounts.access_token_ttl_s", positive_int, default=15 * 60)
    config.add_setting("accounts.session_ttl_s", positive_int, default=30 * 24 * 3600)
    config.add_setting("accounts.max_concurrent_hashes", positive_int, default=4)
    config.add_setting("accounts.argon2_memory_kib", positive_int, default=64 * 1024)
    config.add_setting("accounts.argon2_rounds", positive_int, default=3)
    config.include("plugins.accounts.passwords")
    config.include("plugins.accounts.tokens")
    config.add_problems("plugins.accounts.problems.PROBLEMS")
    config.add_resource_node("courseplatform.api.Root", "auth", "plugins.accounts.resources.Auth")
    config.add_resource_node("courseplatform.api.Root", "users", "plugins.accounts.resources.Users")
    config.add_resource_node("plugins.accounts.resources.Users", "me", "plugins.accounts.resources.Me")
    config.add_representation("plugins.accounts.models.User", "plugins.accounts.representations.user_json")
    config.add_jobs("plugins.accounts.jobs")
    config.add_periodic_job("plugins.accounts.jobs.purge_sessions", every_s=3600)
    config.add_command("plugins.accounts.commands.create_admin")
    config.scan("plugins.accounts.views")
    config.scan("plugins.accounts.auth_views")
