"""What an operator finds in ``pshell``: ``request``, ``db``, ``tm``, every model, and every plugin's operations.

``publish_course(request, course, by_user_id=…)`` can be called by hand; ``tm.commit()`` keeps it.
"""

from importlib import import_module
from importlib.util import find_spec
from typing import Any

import transaction

from .db import Base


def setup(env: dict[str, Any]) -> None:
    request = env["request"]
    request.environ["courseplatform.script"] = True
    request.tm = env["tm"] = transaction.TransactionManager(explicit=True)
    request.tm.begin()
    env["db"] = request.db
    for name in included_packages(request.registry):
        if find_spec(f"{name}.operations"):
            module = import_module(f"{name}.operations")
            env.update(
                {key: fn for key, fn in vars(module).items() if getattr(fn, "__module__", "") == module.__name__}
            )
    env.update({mapper.class_.__name__: mapper.class_ for mapper in Base.registry.mappers})


def included_packages(registry: Any) -> list[str]:
    """The packages of the plugins that are on."""
    return sorted({cls.__module__.rpartition(".")[0] for cls in registry["representations"]})
