"""Rate limits: ``request.hit_limit(name, *keys)`` counts, and refuses with 429 what comes too often.

A plugin declares a class of limit with ``config.add_rate_limit(name, default="10/minute")``; operators set it as
``limits.<name>``. Hits are counted in this process, and over all processes in Redis where ``redis.url`` names one. A
hit is refused as soon as either count is over; so while Redis is away, or after it was wiped, what this process has
counted still holds: a limit is never open.

Windows are fixed and begin with their first hit: one atomic increment decides, and concurrent hits can't slip through.
Of a wide limit Redis is told by and by, each time that a process has counted another hundredth of it: it costs most
requests nothing, and lets each process be ahead by that much.

Every request is counted too, and every answer tells how much is left: see ``rates``.
"""

import hashlib
import threading
import time
from dataclasses import dataclass
from functools import lru_cache
from ipaddress import IPv6Address, ip_address, ip_network
from math import ceil
from urllib.parse import urlsplit

from limits import RateLimitItem, parse_many
from limits.storage import RedisStorage
from pyramid.config import Configurator
from pyramid.request import Request

from .audit import known_user_id
from .errors import TooManyRequests
from .redis_connection import Dispensable, bounds
from .settings import password_faults

#: Counts in this process are swept of windows that are over whenever there are twice as many as after the last sweep.
MIN_SWEEP = 1_000


def rate(raw: str) -> RateLimitItem:
    """One rate as the library ``limits`` writes it: ``10/minute``, ``100 per 15 minutes``. Raises: ValueError."""
    found = parse_many(raw)
    if len(found) != 1 or found[0].amount < 1:
        raise ValueError
    return found[0]


rate.__name__ = "a rate such as 10/minute"  # what an operator reads: "limits.sign_in: can't be read as …"


def redis_url(raw: str) -> str:
    """Raises: ValueError, without the URL, which may hold a password."""
    if urlsplit(raw).scheme not in ("redis", "rediss", "redis+unix"):
        raise ValueError
    return raw


@dataclass(slots=True)
class Window:
    """``count``: hits in this process. ``elsewhere``: what Redis counted last, and since then this process has told it;
    ``untold``: what it has not.
    """

    until: float
    count: int = 0
    elsewhere: int = 0
    untold: int = 0


class ProcessCounts:
    """Hits per key in this process. (The library's own memory starts a thread per hit, which may crash on a clear.)"""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.windows: dict[str, Window] = {}
        self.sweep_at = MIN_SWEEP

    def hit(self, key: str, window_s: int, step: int) -> tuple[Window, int, int, int]:
        """Count. The window; how many hits it has had here, and over all; how many to tell Redis of, once ``step``."""
        now = time.monotonic()
        with self.lock:
            if len(self.windows) >= self.sweep_at:
                self.windows = {k: window for k, window in self.windows.items() if window.until > now}
                self.sweep_at = max(MIN_SWEEP, 2 * len(self.windows))
            window = self.windows.get(key)
            if window is None or window.until <= now:
                window = self.windows[key] = Window(now + window_s)
            window.count += 1
            window.untold += 1
            told = window.untold if window.untold >= step else 0
            if told:
                window.elsewhere, window.untold = window.elsewhere + told, 0
            return window, window.count, max(window.count, window.elsewhere + window.untold), told

    def clear(self, key: str) -> None:
        with self.lock:
            self.windows.pop(key, None)


class RedisCounts:
    """Hits per key over all processes; None instead of an answer while Redis fails."""

    def __init__(self, url: str, redis: Dispensable) -> None:
        self.storage = RedisStorage(url, key_prefix="courseplatform:limits", **bounds())
        self.redis = redis

    def hit(self, key: str, window_s: int, count: int) -> int | None:
        """Count as many. How often in this window."""
        return self.redis.ask(self.storage.incr, key, window_s, count)

    def left_s(self, key: str) -> float | None:
        """The seconds until the key's window is over."""
        ends_at = self.redis.ask(self.storage.get_expiry, key)
        return ends_at and ends_at - time.time()

    def clear(self, key: str) -> None:
        self.redis.ask(self.storage.clear, key)


@dataclass(frozen=True)
class Hit:
    """One that was counted in the class ``name``. ``left``: how many more are allowed; below zero it was refused.

    ``is_callers``: the key is the caller's address or account, so that they may know how much is left of it.
    """

    name: str
    limit: RateLimitItem
    left: int
    until_s: float
    is_callers: bool = True

    @property
    def wait_s(self) -> int:
        return max(ceil(self.until_s), 1)

    @property
    def policy(self) -> str:
        return f'"{self.name}";q={self.limit.amount};w={self.limit.get_expiry()}'


class Limits:
    def __init__(self, url: str | None, redis: Dispensable | None = None) -> None:
        self.here = ProcessCounts()
        self.everywhere = RedisCounts(url, redis or Dispensable()) if url else None

    def hit(self, name: str, limit: RateLimitItem, key: str, is_callers: bool = True) -> Hit:
        """Count one hit."""
        window_s = limit.get_expiry()
        window, count_here, count, told = self.here.hit(key, window_s, max(limit.amount // 100, 1))
        left_s = window.until - time.monotonic()
        if told and self.everywhere is not None and count_here <= limit.amount:
            found = self.everywhere.hit(key, window_s, told)
            if found is not None:
                window.elsewhere, count = max(window.elsewhere, found), max(count_here, found)
            if count > limit.amount:
                left_s = self.everywhere.left_s(key) or left_s
        return Hit(name, limit, limit.amount - count, left_s, is_callers)

    def clear(self, key: str) -> None:
        self.here.clear(key)
        if self.everywhere is not None:
            self.everywhere.clear(key)


def hit_limit(request: Request, name: str, *keys: object) -> None:
    """Count one hit of each key in the class ``name``. A repetition within one request, a retry too, counts once.

    Keys say what they are: ``f"address:{request.client_network}"``, ``f"account:{login.lower()}"``. Put the address
    first: what an exhausted address asks for is not charged to others.
    Raises: TooManyRequests with Retry-After, in seconds, at the first key that is exhausted.
    """
    limit: RateLimitItem = request.registry.settings[f"limits.{name}"]
    counted: dict[str, Hit] = request.environ.setdefault("courseplatform.limits", {})
    for whose in keys:
        key = storage_key(name, whose)
        if key in counted:
            continue
        # What is left of an account that somebody only names would tell them how its owner fares.
        is_callers = str(whose).endswith((request.client_network, f":{known_user_id(request)}"))
        hit = counted[key] = request.registry["limits"].hit(name, limit, key, is_callers)
        if hit.left < 0:
            request.audit_now("limit.exceeded", limit=name)
            request.count_now("courseplatform_rate_limit_refusals", limit=name)
            raise TooManyRequests(headers={"Retry-After": str(hit.wait_s)})


def clear_limit(request: Request, name: str, *keys: object) -> None:
    """Forget the hits of these keys: whoever proved to be the right one starts anew. A dry run proves nothing."""
    if request.is_dry_run:
        return
    for key in (storage_key(name, key) for key in keys):
        request.registry["limits"].clear(key)
        request.environ.get("courseplatform.limits", {}).pop(key, None)


def storage_key(name: str, key: object) -> str:
    """Short whatever is sent, and nothing personal lies in Redis."""
    return f"{name}:{hashlib.sha256(str(key).encode('utf-8', 'replace')).hexdigest()[:32]}"


def client_address(request: Request) -> str:
    """The address of the other end, "" outside HTTP.

    It is the proxy's, unless ``[server:main]`` names that proxy as ``trusted_proxy``: waitress then takes the client's
    from ``X-Forwarded-For``, and never otherwise.
    """
    return request.environ.get("REMOTE_ADDR") or ""


def client_network(request: Request) -> str:
    """What limits count as one client: an IPv4 address, or the /64 that an IPv6 subscriber may pick addresses from."""
    return network_of(request.client_address)


@lru_cache(maxsize=4096)
def network_of(text: str) -> str:
    try:
        address = ip_address(text)
    except ValueError:
        return text
    if isinstance(address, IPv6Address):
        return str(address.ipv4_mapped or ip_network((address, 64), strict=False))
    return str(address)


def add_rate_limit(config: Configurator, name: str, default: str = "5/minute") -> None:
    """Declare the class of limit ``name``; operators set it as ``limits.<name>``."""
    config.add_setting(f"limits.{name}", rate, default=rate(default))


def includeme(config: Configurator) -> None:
    config.add_setting("redis.url", redis_url, env="REDIS_URL")
    config.registry["redis"] = Dispensable()
    config.add_settings_check(lambda settings: password_faults(settings, "redis.url"))
    config.add_directive("add_rate_limit", add_rate_limit)

    def make() -> None:
        config.registry["limits"] = Limits(config.registry.settings["redis.url"], config.registry["redis"])

    config.action("limits", make)
