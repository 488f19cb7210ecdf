"""Demo: a believable world to look around in, for development only.

Offers: the command ``courseplatform demo development.ini``. No address, no table.
Needs: every other plugin that it fills; it switches none on, and while one is off there is no such command.
"""

from courseplatform.api import Configurator

FILLED = ("certificates", "comments", "notifications", "reviews", "submissions")


def includeme(config: Configurator) -> None:
    config.when_on([f"plugins.{name}" for name in FILLED], "plugins.demo.attach")


def attach(config: Configurator) -> None:
    config.add_command("plugins.demo.commands.demo")
