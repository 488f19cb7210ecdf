"""OAuth: the platform's accounts for other programs (OAuth 2.1, OpenID Connect), and personal access tokens.

Offers: authorization with PKCE, tokens, revocation, introspection, discovery; clients, registered by administrators;
consents, listed and withdrawn by users; personal tokens for scripts. Both kinds of tokens are opaque, stored as hashes,
narrowed by scopes and judged anew at each request, which is why they live together.
Needs: accounts.
"""

from courseplatform.api import Configurator, positive_int


def includeme(config: Configurator) -> None:
    config.include("plugins.accounts")
    config.add_setting("oauth.access_token_ttl_s", positive_int, default=15 * 60)
    config.add_setting("oauth.refresh_token_ttl_s", positive_int, default=30 * 24 * 3600)
    config.add_setting("oauth.grant_ttl_s", positive_int, default=366 * 24 * 3600)
    config.add_setting("oauth.authorize_url", default="")
    config.add_problems("plugins.oauth.problems.PROBLEMS")
    config.add_capability(
        "oauth_provider", "OAuth 2.1 and OpenID Connect, described at /.well-known/openid-configuration"
    )
    config.add_scope("openid", "Know who you are", ["oauth:userinfo"])
    config.add_token_prefix("cpo_", "plugins.oauth.identities.access_tokens")
    config.add_token_prefix("cpp_", "plugins.oauth.identities.personal_tokens")
    config.add_resource_node("courseplatform.api.Root", "oauth", "plugins.oauth.resources.OAuth")
    config.add_resource_node("plugins.oauth.resources.OAuth", "clients", "plugins.oauth.resources.Clients")
    config.add_resource_node("plugins.oauth.resources.OAuth", "consents", "plugins.oauth.resources.Consents")
    config.add_resource_node("plugins.accounts.api.Me", "tokens", "plugins.oauth.resources.Tokens")
    config.add_representation(
        "plugins.oauth.models.OAuthClient",
        "plugins.oauth.representations.client_json",
        schema="plugins.oauth.schemas.ApplicationAnswer",
    )
    config.add_representation(
        "plugins.oauth.models.OAuthConsent",
        "plugins.oauth.representations.consent_json",
        load="plugins.oauth.representations.load_client_names",
        schema="plugins.oauth.schemas.ConsentAnswer",
    )
    config.add_representation(
        "plugins.oauth.models.PersonalToken",
        "plugins.oauth.representations.personal_token_json",
        schema="plugins.oauth.schemas.PersonalTokenAnswer",
    )
    config.add_export("consents", "plugins.oauth.exports.consents")
    config.add_export("personal_tokens", "plugins.oauth.exports.personal_tokens")
    config.add_subscriber("plugins.oauth.subscribers.end_tokens", "plugins.accounts.api.SessionsEnded")
    config.add_subscriber("plugins.oauth.subscribers.forget_user", "plugins.accounts.api.UserForgotten")
    config.add_forecast("tokens", "plugins.accounts.api.SessionsEnded", "plugins.oauth.forecasts.tokens")
    config.add_jobs("plugins.oauth.jobs")
    config.add_periodic_job("plugins.oauth.jobs.purge_tokens", every_s=3600)
    config.scan("plugins.oauth.authorize_views")
    config.include("plugins.oauth.protocol_views")
    config.scan("plugins.oauth.views")
