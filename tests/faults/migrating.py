"""A plugin whose migration wants a table of core for itself."""

from pyramid.config import Configurator


def includeme(config: Configurator) -> None:
    config.add_migrations("tests.faults:migrations")
