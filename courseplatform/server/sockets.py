"""The sockets that all processes of a machine accept from: bound once, or handed over by systemd."""

import os
import socket
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path

from pyramid.exceptions import ConfigurationError
from waitress.adjustments import Adjustments
from waitress.utilities import cleanup_unix_socket

#: Where systemd's protocol (sd_listen_fds) has them begin.
FIRST_DESCRIPTOR = 3


@contextmanager
def listening(address: Mapping[str, str]) -> Iterator[list[socket.socket]]:
    """Sockets to accept from. Where systemd hands some over, ``address`` is of no account.

    Raises: ConfigurationError.
    """
    with ExitStack() as stack:
        made, path = handed_over(), address.get("unix_socket")
        if path and not made:
            stack.callback(Path(path).unlink, missing_ok=True)
        try:
            made = made or bind(address)
        except OSError as error:
            where = " ".join(address.values())
            raise ConfigurationError(f"[server:main]: can't listen at {where}: {error.strerror}") from error
        for one in made:
            stack.enter_context(one)
            one.setblocking(False)
        yield made


def handed_over() -> list[socket.socket]:
    """Those of a systemd socket unit, if it started this process; the variables go, as they name this process alone."""
    process_id, count = os.environ.pop("LISTEN_PID", ""), os.environ.pop("LISTEN_FDS", "")
    os.environ.pop("LISTEN_FDNAMES", None)
    if process_id != str(os.getpid()):
        return []
    return [socket.socket(fileno=FIRST_DESCRIPTOR + number) for number in range(int(count))]


def bind(address: Mapping[str, str]) -> list[socket.socket]:
    adjustments = Adjustments(**address)
    if "unix_socket" in address:
        return [bound_to_path(address["unix_socket"], adjustments.unix_socket_perms)]
    return [bound(*each) for each in adjustments.listen]


def bound(family: int, kind: int, protocol: int, name: tuple[object, ...]) -> socket.socket:
    made = socket.socket(family, kind, protocol)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if family == socket.AF_INET6:
        made.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
    made.bind(name)
    return made


def bound_to_path(path: str, mode: int) -> socket.socket:
    cleanup_unix_socket(path)
    made = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    made.bind(path)
    Path(path).chmod(mode)
    return made


def address_of(listener: socket.socket) -> str:
    """Where to call it."""
    name = listener.getsockname()
    if not isinstance(name, tuple):
        return f"unix:{name}"
    host, port = name[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
