"""One process under ``courseplatform serve``: a Python of its own, with the code and the ini file as they are now.

It has been handed the sockets and a *line* to the supervisor. On the line it says once that it is ready, as
``/health/startup`` is. When the line ends, others serve already or nobody is left who would end it: it drains and goes.
"""

import argparse
import select
import socket
from threading import Thread

import plaster
from pyramid.exceptions import ConfigurationError
from pyramid.registry import Registry
from waitress import wasyncore

from ..health import has_started
from ..logs import refuse_to_start, take_over
from .draining import Stopping
from .options import options_of
from .process import Process

READY = b"ready"
FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.2, 2.0


class Line(wasyncore.dispatcher):
    """The line among what waitress listens to."""

    def __init__(self, line: socket.socket, process: Process) -> None:
        super().__init__(line, process.map)
        self.stopping = process.stopping

    def writable(self) -> bool:
        return False

    def handle_read(self) -> None:
        self.recv(1)  # nothing is ever said: only its end can be read, which closes it

    def handle_close(self) -> None:
        self.close()
        self.stopping.ask(is_hurried=True)


def serve_as_child(ini: str, line: socket.socket, sockets: list[socket.socket], takes_over: bool) -> None:
    """``takes_over``: others serve. Then nobody is let in before all is well; else whoever comes gets an answer."""
    stopping = Stopping().hear_signals()
    loader = plaster.get_loader(ini, protocols=["wsgi"])
    loader.setup_logging()
    take_over()
    app = loader.get_wsgi_app()
    process = Process(app, options_of(ini), stopping, sockets)
    if takes_over:
        tell_when_well(process.registry, line, stopping)
        if stopping:
            return
    else:
        Thread(target=tell_when_well, args=(process.registry, line, stopping), name="startup", daemon=True).start()
    Line(line, process)
    process.run()


def tell_when_well(registry: Registry | None, line: socket.socket, stopping: Stopping) -> None:
    wait_until_well(registry, line, stopping)
    if not stopping:
        line.send(READY)


def wait_until_well(registry: Registry | None, line: socket.socket, stopping: Stopping) -> None:
    """Until the database answers and has the schema that this code needs, or there is no more to wait for."""
    pause_s = FIRST_PAUSE_S
    while registry is not None and not has_started(registry) and not stopping:  # asked last: then the line is closed
        if select.select([line], [], [], pause_s)[0]:
            stopping.ask(is_hurried=True)
        pause_s = min(pause_s * 2, LONGEST_PAUSE_S)


def main() -> None:
    parser = argparse.ArgumentParser(prog="courseplatform.server.child")
    parser.add_argument("ini")
    parser.add_argument("--line", type=int, required=True)
    parser.add_argument("--sockets", required=True)
    parser.add_argument("--takes-over", action="store_true")
    given = parser.parse_args()
    sockets = [socket.socket(fileno=int(descriptor)) for descriptor in given.sockets.split(",")]
    try:
        serve_as_child(given.ini, socket.socket(fileno=given.line), sockets, given.takes_over)
    except ConfigurationError as error:
        refuse_to_start(f"The platform does not start.\n{error}")


if __name__ == "__main__":
    main()
