"""Demo: a believable world to look around in, for development only.

Offers: the command ``courseplatform demo development.ini``. No address, no table.
Needs: every other plugin.
"""

from pyramid.config import Configurator


def includeme(config: Configurator) -> None:
    for name in ("certificates", "comments", "notifications", "reviews", "submissions"):
        config.include(f"plugins.{name}")
    config.add_command("plugins.demo.commands.demo")
