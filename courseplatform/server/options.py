"""``[server:main]``: waitress' options, with defaults for production, and ours."""

import configparser
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import plaster
from pyramid.exceptions import ConfigurationError
from waitress.adjustments import Adjustments

from ..settings import natural_int, positive_int, raw, variable

DEFAULTS = {
    # Each holds a file descriptor, of which a process has 1024 where nobody grants it more.
    "connection_limit": "500",
    "channel_timeout": "120",  # longer than a proxy keeps a connection: who closes first must be the one that asks
    "max_request_header_size": "32768",
}
#: Not to be overridden by the environment: select() knows no descriptor above 1023.
FIXED = {"asyncore_use_poll": "true"}
#: Where to listen: one of these ways.
ADDRESSES = (("unix_socket", "unix_socket_perms"), ("listen",), ("host", "port"))
#: Ours, not waitress'.
OWN = {"processes": (positive_int, 1), "drain_delay_s": (natural_int, 0)}
#: What the environment overrides: COURSEPLATFORM_SERVER_HOST and so on.
OVERRIDDEN = (
    *(name for way in ADDRESSES for name in way),
    "backlog",
    "threads",
    "trusted_proxy",
    "trusted_proxy_headers",
    "max_request_body_size",
    *DEFAULTS,
    *OWN,
)


@dataclass(frozen=True)
class Options:
    """``address`` and ``waitress`` are waitress' own options: where it listens, and all others."""

    address: dict[str, str]
    waitress: dict[str, str]
    processes: int
    drain_delay_s: int


def read_options(given: Mapping[str, Any]) -> Options:
    """Raises: ConfigurationError."""
    options = {**FIXED, **DEFAULTS, **{name: str(value) for name, value in given.items() if name != "use"}}
    for name in OVERRIDDEN:
        if value := raw(options, name, variable(f"server.{name}")):
            options[name] = str(value)
    own = {name: read_own(name, options.pop(name, None)) for name in OWN}
    # The environment may name a socket where the ini file has host and port: waitress would refuse both.
    way = next((way for way in ADDRESSES if way[0] in options), ADDRESSES[-1])
    address = {name: options[name] for name in way if name in options}
    others = {name for other in ADDRESSES for name in other}
    waitress = {name: value for name, value in options.items() if name not in others}
    try:
        Adjustments(**address, **waitress)
    except ValueError as error:
        raise ConfigurationError(f"[server:main]: {error}") from error
    return Options(address, waitress, **own)


def read_own(name: str, given: str | None) -> int:
    cast, default = OWN[name]
    try:
        return default if given is None else cast(given)
    except ValueError as error:
        raise ConfigurationError(f"[server:main]: {name} can't be read as {cast.__name__}") from error


def options_of(ini: str, processes: int | None = None) -> Options:
    """Those of an ini file as it is now; ``processes`` if it is not to say. Raises: ConfigurationError."""
    try:
        found = read_options(plaster.get_settings(ini, "server:main"))
        return replace(found, processes=processes) if processes else found
    except (ValueError, OSError, configparser.Error) as error:  # whose words may repeat a line, and so a secret
        raise ConfigurationError(f"{ini} can't be read: {type(error).__name__}") from error
