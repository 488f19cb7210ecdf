"""``Configurator``: what ``includeme(config)`` is given, for annotations.

Core is included into Pyramid's own and adds its directives there; here they are listed for type checkers and readers.
A plugin's directives are known to no checker: they are looked up when they are called.
"""

import pyramid.config

from .cache.topics import add_cache_topic
from .cli import add_command
from .dryrun import add_forecast, add_job_forecast
from .extending import add_extension, add_filter, add_ordering
from .files import add_file_owner
from .health import add_health_check
from .histories import add_migrations
from .jobs import add_jobs
from .jobs.periodic import add_periodic_job
from .limits import add_rate_limit
from .metrics import add_counter, add_metrics
from .neighbours import when_on
from .openapi.refusals import add_refusal
from .problems import add_problems
from .representation import add_representation
from .resources import add_resource_node
from .restrictions import add_restriction
from .security import add_local_role, add_scope, add_token_prefix, set_identity_source
from .service import add_cornice_service
from .settings import add_setting, add_settings_check
from .status import add_capability


class Configurator(pyramid.config.Configurator):
    """Each line names the function whose docstring says what the directive does."""

    add_resource_node = add_resource_node
    add_local_role = add_local_role
    add_restriction = add_restriction
    add_scope = add_scope
    set_identity_source = set_identity_source
    add_token_prefix = add_token_prefix

    add_representation = add_representation
    add_extension = add_extension
    add_filter = add_filter
    add_ordering = add_ordering
    add_cornice_service = add_cornice_service
    add_cache_topic = add_cache_topic
    add_problems = add_problems
    add_refusal = add_refusal
    add_capability = add_capability
    add_health_check = add_health_check

    add_setting = add_setting
    add_settings_check = add_settings_check
    add_rate_limit = add_rate_limit
    add_forecast = add_forecast
    add_job_forecast = add_job_forecast
    add_file_owner = add_file_owner
    add_counter = add_counter
    add_metrics = add_metrics
    add_command = add_command

    add_migrations = add_migrations
    add_jobs = add_jobs
    add_periodic_job = add_periodic_job
    when_on = when_on
