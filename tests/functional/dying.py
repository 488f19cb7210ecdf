"""A plugin for the tests: told so by a header, the process dies after the commit and before the answer."""

import os
import signal
from typing import Any

from pyramid.config import Configurator


def dying_tween_factory(handler: Any, registry: Any) -> Any:
    def tween(request: Any) -> Any:
        response = handler(request)
        if "X-Die" in request.headers:
            os.kill(os.getpid(), signal.SIGKILL)
        return response

    return tween


def includeme(config: Configurator) -> None:
    config.add_tween("tests.functional.dying.dying_tween_factory", over="pyramid_tm.tm_tween_factory")
