"""Looking at a platform from outside: ``courseplatform plugins``, ``tree`` and ``explain``.

All of it is read from Pyramid's introspector, where every directive leaves what it claimed and for which plugin
(``startup.Platform.action``); a plugin's own directives show up without doing anything for it.

| file | tells |
|---|---|
| ``nodes`` | which class of node is where, and which services are there |
| ``grants`` | what plugins grant beyond their own nodes |
| ``plugins`` | what is on, and what each has brought |
| ``tree`` | the resource tree, with the permission of every method |
| ``explain`` | why one request is let in or refused |
| ``commands`` | the commands |
"""

from pyramid.config import Configurator


def includeme(config: Configurator) -> None:
    for name in ("plugins", "tree", "explain"):
        config.add_command(f"courseplatform.inspection.commands.{name}")
