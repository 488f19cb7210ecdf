"""The sockets that all processes of a machine accept from: bound once, or handed over by systemd."""

import ctypes
import os
import socket
import struct
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from pyramid.exceptions import ConfigurationError
from waitress.adjustments import Adjustments
from waitress.utilities import cleanup_unix_socket

#: Where systemd's protocol (sd_listen_fds) has them begin.
FIRST_DESCRIPTOR = 3

#: Linux', which Python's socket does not name.
SO_ATTACH_FILTER = 26
#: A classic BPF program (code, jump if true, jump if false, operand) over a TCP header: nothing of what opens a
#: connection, a SYN without an ACK, all of the rest.
NO_SYN = [
    (0x30, 0, 0, 13),  # load the byte with the flags
    (0x54, 0, 0, 0x12),  # of them SYN and ACK
    (0x15, 0, 1, 0x02),  # SYN alone?
    (0x06, 0, 0, 0),  # drop it
    (0x06, 0, 0, 0x40000),  # all of it: accepted connections inherit this
]


@contextmanager
def listening(address: Mapping[str, str]) -> Iterator[list[socket.socket]]:
    """Sockets to accept from. Where systemd hands some over, ``address`` is of no account.

    Raises: ConfigurationError.
    """
    with ExitStack() as stack:
        made = handed_over()
        try:
            sockets = [stack.enter_context(one) for one in made or bind(address)]
        except OSError as error:
            where = " ".join(address.values())
            raise ConfigurationError(f"[server:main]: can't listen at {where}: {error.strerror}") from error
        if not made and "unix_socket" in address:  # only now is it ours
            stack.callback(Path(address["unix_socket"]).unlink, missing_ok=True)
        for one in sockets:
            one.setblocking(False)
        yield sockets


def handed_over() -> list[socket.socket]:
    """Those of a systemd socket unit, if it started this process; the variables go, as they name this process alone."""
    process_id, count = os.environ.pop("LISTEN_PID", ""), os.environ.pop("LISTEN_FDS", "")
    os.environ.pop("LISTEN_FDNAMES", None)
    if process_id != str(os.getpid()):
        return []
    return [socket.socket(fileno=FIRST_DESCRIPTOR + number) for number in range(int(count))]


def bind(address: Mapping[str, str]) -> Iterator[socket.socket]:
    """Raises: OSError."""
    adjustments = Adjustments(**address)
    if "unix_socket" in address:
        path = Path(address["unix_socket"])
        cleanup_unix_socket(str(path))
        yield bound(socket.socket(socket.AF_UNIX, socket.SOCK_STREAM), str(path))
        path.chmod(adjustments.unix_socket_perms)
        return
    for family, kind, protocol, name in adjustments.listen:
        made = socket.socket(family, kind, protocol)
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            made.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        yield bound(made, name)


def bound(made: socket.socket, name: object) -> socket.socket:
    try:
        made.bind(name)  # type: ignore[arg-type]
    except OSError:
        made.close()
        raise
    return made


def turn_newcomers_away(listener: socket.socket) -> None:
    """Let the kernel overlook who wants to connect, while who is connected already can still be accepted.

    Whoever connects between the last ``accept`` and ``close`` is cut off, with what it has sent: nobody does then. Its
    kernel asks again after a second, and is refused or finds another. It can't be taken back. Only of TCP, on Linux.
    """
    if listener.family not in (socket.AF_INET, socket.AF_INET6):
        return
    program = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *step) for step in NO_SYN))
    with suppress(OSError):  # of another system, where those few are cut off
        where = struct.pack("HP", len(NO_SYN), ctypes.addressof(program))
        listener.setsockopt(socket.SOL_SOCKET, SO_ATTACH_FILTER, where)


def address_of(listener: socket.socket) -> str:
    """Where to call it."""
    name = listener.getsockname()
    if not isinstance(name, tuple):
        return f"unix:{name}"
    host, port = name[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
