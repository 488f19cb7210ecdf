"""OIDC: signing in with a provider that speaks OpenID Connect.

Offers: sign-in and registration through any number of providers, named by settings; identities linked with an account.
Needs: accounts.
"""

from courseplatform.api import Configurator


def includeme(config: Configurator) -> None:
    config.include("plugins.accounts")
    config.include("plugins.oidc.providers")
    config.add_rate_limit("oidc_login", default="30 per 5 minutes")
    config.add_rate_limit("oidc_callback", default="30 per 5 minutes")
    config.add_problems("plugins.oidc.problems.PROBLEMS")
    config.add_resource_node("plugins.accounts.resources.Auth", "oauth", "plugins.oidc.resources.Providers")
    config.add_resource_node("plugins.accounts.resources.Me", "identities", "plugins.oidc.resources.Identities")
    config.add_representation(
        "plugins.oidc.models.ExternalIdentity",
        "plugins.oidc.representations.identity_json",
        schema="plugins.oidc.schemas.IdentityAnswer",
    )
    config.add_export("identities", "plugins.oidc.exports.identities")
    config.add_subscriber("plugins.oidc.subscribers.forget_identities", "plugins.accounts.events.UserForgotten")
    config.add_jobs("plugins.oidc.jobs")
    config.add_periodic_job("plugins.oidc.jobs.purge_logins", every_s=3600)
    config.scan("plugins.oidc.views")
