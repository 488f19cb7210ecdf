"""HTTP to other houses: every wait and every answer is bounded, and no address is trusted by its name.

Another house is slow, down or hostile: it may cost us a few seconds, never a thread or the memory. A URL that a user
gave may lead into our own network, as written, by what its name resolves to, or by what it resolves to a moment later:
an ``AddressGuard`` looks at the addresses, and the very address that it saw is connected to. The certificate, SNI and
``Host`` go by the name all the same.
"""

import queue
import re
import socket
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import idna
from requests import ConnectionError as NotConnected
from requests import PreparedRequest, RequestException, Response, Timeout
from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import ConnectTimeoutError, HTTPError, NewConnectionError

CHUNK_BYTES = 16 * 1024
HOST_NAME = re.compile(r"(?=.{1,253}\Z)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)*[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
#: A last label that resolvers take for a part of an IPv4 address: 2130706433, 0x7f.1, 0177.0.0.1.
NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*")

Address = IPv4Address | IPv6Address
#: ``f(host, timeout_s) -> addresses``.
Resolve = Callable[[str, float], list[str]]

#: Beside what ``is_global`` knows: IETF protocol assignments, the 6to4 relays, and Azure's metadata service.
SPECIAL_4 = tuple(map(IPv4Network, ("192.0.0.0/24", "192.88.99.0/24", "168.63.129.16/32")))
#: Of IPv6 this alone is routed, but for what else is carried in it: IETF assignments (Teredo), 6to4, documentation.
UNICAST_6 = IPv6Network("2000::/3")
SPECIAL_6 = tuple(map(IPv6Network, ("2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20")))
NAT64 = IPv6Network("64:ff9b::/96")


class AddressRefused(Exception):
    """A URL leads where we don't go. Its text is for whoever gave the URL."""


class Unresolvable(AddressRefused):
    """A name has no address, or not in time."""


class TooLarge(RequestException):
    """An answer is larger than we read."""


def is_public(address: Address) -> bool:
    """Whether an address belongs to a machine of the public internet. In doubt it does not."""
    if isinstance(address, IPv4Address):
        is_special = any(address in network for network in SPECIAL_4)
        return address.is_global and not address.is_multicast and not is_special
    if address in NAT64:
        return is_public(IPv4Address(int(address) & 0xFFFFFFFF))
    return address in UNICAST_6 and not any(address in network for network in SPECIAL_6)


def look_up(host: str, timeout_s: float) -> list[str]:
    """The addresses of a host. Raises: Unresolvable, in time: the system's own patience is longer than ours."""
    answers: queue.SimpleQueue[list[str]] = queue.SimpleQueue()

    def ask() -> None:
        found: list[str] = []
        with suppress(OSError, UnicodeError):
            found = [str(entry[4][0]) for entry in socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)]
        answers.put(list(dict.fromkeys(found)))

    threading.Thread(target=ask, name="courseplatform-resolver", daemon=True).start()
    try:
        found = answers.get(timeout=timeout_s)
    except queue.Empty:
        found = []
    if not found:
        raise Unresolvable("must have a host that can be found")
    return found


def ascii_host(host: str) -> str:
    """A host as it is looked up: lower case, IDNA, no dot at its end. Raises: ValueError.

    An IPv4 address is four decimal numbers, and nothing that some resolver takes for one.
    """
    if ":" in host and "%" not in host:
        return str(IPv6Address(host))
    name = idna.encode(host, uts46=True).decode().lower().rstrip(".")
    if NUMBER.fullmatch(name.rpartition(".")[2]):
        return str(IPv4Address(name))
    if not HOST_NAME.fullmatch(name):
        raise ValueError("not a host")
    return name


@dataclass(frozen=True)
class AddressGuard:
    """Where URLs that users give may lead: by https, to some ports, of public addresses.

    ``networks``: private ones that are allowed all the same. ``ports``: None for any.
    """

    networks: tuple[IPv4Network | IPv6Network, ...] = ()
    ports: frozenset[int] | None = frozenset({443})
    allow_http: bool = False
    resolve: Resolve = look_up

    def normalized(self, url: str) -> str:
        """The URL with its host as it is looked up. Asks nobody. Raises: AddressRefused."""
        try:
            parts = urlsplit(url)
            port, host = parts.port, ascii_host(parts.hostname or "")
        except ValueError as error:
            raise AddressRefused("must have a host name or an address, and perhaps a port") from error
        if parts.username is not None or parts.fragment:
            raise AddressRefused("must have neither credentials nor a fragment")
        if parts.scheme not in (("https", "http") if self.allow_http else ("https",)):
            raise AddressRefused("must begin with https://")
        used_port = {"https": 443, "http": 80}[parts.scheme] if port is None else port
        if self.ports is not None and used_port not in self.ports:
            raise AddressRefused(f"must have one of the ports {', '.join(map(str, sorted(self.ports)))}")
        netloc = (f"[{host}]" if ":" in host else host) + ("" if port is None else f":{port}")
        return urlunsplit((parts.scheme, netloc, parts.path or "/", parts.query, ""))

    def checked(self, url: str, timeout_s: float) -> str:
        """``normalized``, and its host has public addresses now. Raises: AddressRefused."""
        url = self.normalized(url)
        self.addresses(urlsplit(url).hostname or "", timeout_s)
        return url

    def addresses(self, host: str, timeout_s: float) -> list[str]:
        """Where to connect to for a host. Raises: AddressRefused if any of its addresses is not public."""
        found = [plain(address) for address in self.resolve(host, timeout_s)]
        if not found:
            raise Unresolvable("must have a host that can be found")
        if not all(self.allows(address) for address in found):
            raise AddressRefused("must lead to a public address")
        return [str(address) for address in found]

    def allows(self, address: Address) -> bool:
        return is_public(address) or any(address in network for network in self.networks)


def plain(text: str) -> Address:
    """An address; of an IPv4 one in IPv6 clothes (``::ffff:127.0.0.1``) the inner one."""
    address = ip_address(text.partition("%")[0])
    return address.ipv4_mapped or address if isinstance(address, IPv6Address) else address


class Deadline:
    """Hangs up on another house that is not done in time: a socket's timeout starts anew with every byte.

    ``connection``: what has the socket as ``sock``, once there is one.
    """

    def __init__(self, timeout_s: float, connection: Any = None) -> None:
        self.timeout_s, self.connection = timeout_s, connection
        self.has_passed, self.is_done = False, threading.Event()
        self.thread = threading.Thread(target=self.watch, name="courseplatform-deadline", daemon=True)

    def __enter__(self) -> "Deadline":
        self.thread.start()
        return self

    def __exit__(self, *exc_info: Any) -> None:
        self.is_done.set()
        self.thread.join()

    def check(self) -> None:
        """Raises: TimeoutError."""
        if self.has_passed:
            raise TimeoutError(f"the other side took more than {self.timeout_s} s")

    def watch(self) -> None:
        wait_s = self.timeout_s
        while not self.is_done.wait(wait_s):
            self.has_passed, wait_s = True, 0.2  # again: a TLS handshake changes the socket
            sock = self.connection and self.connection.sock
            if sock:
                with suppress(OSError):  # closed just now
                    socket.socket.shutdown(sock, socket.SHUT_RDWR)  # below TLS, to wait for no goodbye


class BoundedAdapter(HTTPAdapter):
    """For a ``requests.Session`` of one thread: connects within ``connect_s``, is done within ``total_s``.

    ``max_bytes``: an answer with more is ``TooLarge``; 0: status and headers are enough, no body is read.
    ``guard``: for URLs of users; such a session must not trust the environment, whose proxies resolve names themselves.
    Raises: requests.RequestException; AddressRefused.
    """

    def __init__(self, *, connect_s: float, total_s: float, max_bytes: int, guard: AddressGuard | None = None) -> None:
        self.connect_s, self.total_s, self.max_bytes, self.guard = connect_s, total_s, max_bytes, guard
        self.sock: socket.socket | None = None
        super().__init__()

    def init_poolmanager(self, *args: Any, **kw: Any) -> None:
        super().init_poolmanager(*args, **kw)
        pools = {"http": HTTPConnectionPool, "https": HTTPSConnectionPool}
        self.poolmanager.pool_classes_by_scheme = {scheme: opened_by(self, pool) for scheme, pool in pools.items()}

    def send(self, request: PreparedRequest, *args: Any, **kw: Any) -> Response:
        kept = {name: kw[name] for name in ("verify", "cert", "proxies") if name in kw}
        with Deadline(self.total_s, self) as deadline:
            try:
                response = super().send(request, stream=True, timeout=(self.connect_s, self.total_s), **kept)
                try:
                    response._content, response._content_consumed = self.read(response, deadline), True
                finally:
                    response.raw.close()  # the response's own close() would keep the connection
                deadline.check()  # an end that we made ourselves looks like theirs
            except (RequestException, HTTPError, OSError) as error:
                if deadline.has_passed:
                    raise Timeout(f"not done within {self.total_s} s", request=request) from error
                if isinstance(error, RequestException):
                    raise
                raise NotConnected(error, request=request) from error
            finally:
                self.forget_socket()
        return response

    def read(self, response: Response, deadline: Deadline) -> bytes:
        content = bytearray()
        # read1 gives what has come: read would wait for more, each time anew.
        while self.max_bytes and (chunk := response.raw.read1(CHUNK_BYTES, decode_content=False)):
            content += chunk
            deadline.check()
            if len(content) > self.max_bytes:
                raise TooLarge(f"more than {self.max_bytes} bytes")
        return bytes(content)

    def open_socket(self, connection: Any) -> socket.socket:
        """A socket to an address of the connection's host that the guard has seen."""
        until = time.monotonic() + self.connect_s
        addresses = self.addresses(connection)
        failure: OSError | None = None
        for number, address in enumerate(addresses):
            # Each has its share of the time: one that swallows everything must not use up that of the others.
            wait_s = (until - time.monotonic()) / (len(addresses) - number)
            if wait_s <= 0:
                break
            try:
                sock = socket.create_connection((address, connection.port), wait_s)
            except OSError as error:
                failure = error
                continue
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            sock.settimeout(max(until - time.monotonic(), 0.1))
            # A duplicate can be hung up on whatever TLS makes of the socket.
            self.forget_socket()
            self.sock = sock.dup()
            return sock
        if failure is None or isinstance(failure, TimeoutError):
            raise ConnectTimeoutError(connection, f"not connected within {self.connect_s} s")
        raise NewConnectionError(connection, str(failure)) from failure

    def addresses(self, connection: Any) -> list[str]:
        host = connection.host.strip("[]")
        if self.guard:
            return self.guard.addresses(host, self.connect_s)
        try:
            return look_up(host, self.connect_s)
        except Unresolvable as error:
            raise NewConnectionError(connection, "the host is unknown") from error

    def forget_socket(self) -> None:
        sock, self.sock = self.sock, None
        if sock is not None:
            sock.close()


def opened_by(adapter: BoundedAdapter, pool: type[HTTPConnectionPool]) -> type[HTTPConnectionPool]:
    """A class of urllib3's pools whose connections the adapter opens."""

    class Connection(pool.ConnectionCls):  # type: ignore[name-defined]
        def _new_conn(self) -> socket.socket:
            return adapter.open_socket(self)

    class Pool(pool):  # type: ignore[valid-type,misc]
        ConnectionCls = Connection

    return Pool


def ip_networks(text: str) -> tuple[IPv4Network | IPv6Network, ...]:
    """Networks such as ``10.0.0.0/8 fd00::/8``. Raises: ValueError."""
    return tuple(ip_network(part) for part in text.replace(",", " ").split())
