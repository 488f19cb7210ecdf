"""Which answers are shared, keeping them and giving them again.

The deriver stands around security, so that an answer that is kept costs neither rows nor rights, and beneath the rate
limit, which counts it.
"""

import hashlib
import threading
import time
from collections.abc import Callable
from importlib.metadata import version
from typing import Any

import orjson
from dogpile.cache import make_region, register_backend
from dogpile.cache.api import NO_VALUE
from dogpile.cache.backends.redis import RedisBackend
from pyramid.exceptions import ConfigurationError
from pyramid.location import lineage
from pyramid.registry import Registry
from pyramid.request import Request
from pyramid.response import Response

from ..errors import Unauthenticated
from ..extending import model_of, schemas_of
from ..redis_connection import connect
from ..resources import Item, Node, items_of
from .tokens import PREFIX, Tokens

BACKEND = "courseplatform.redis"
#: A larger answer is made anew each time.
MAX_ANSWER_BYTES = 256 * 1024
#: No role has this name.
ANONYMOUS = ""
#: Headers that forbid sharing: whoever sets one of these knows more of the answer than we.
PRIVATE_HEADERS = ("Cache-Control", "Set-Cookie", "Vary")


class Key(str):
    """Of what one of an audience asks. ``topics``: what the answer depends on; ``tokens``: theirs, once asked for."""

    topics: list[str]
    tokens: bytes | None


class Backend(RedisBackend):
    """dogpile's, which asks for tokens and answer at once, and believes an answer only under the tokens of now."""

    def __init__(self, arguments: dict[str, Any]) -> None:
        super().__init__(arguments)  # type: ignore[no-untyped-call]
        self.tokens: Tokens = arguments["tokens"]

    def get_serialized(self, key: Any) -> Any:
        key.tokens, kept = self.tokens.read(key.topics, key)
        made_under, _, value = (kept or b"").partition(b"\n")
        return value if made_under == key.tokens else NO_VALUE

    def set_serialized(self, key: Any, value: bytes) -> None:
        self.writer_client.set(key, key.tokens + b"\n" + value, ex=self.redis_expiration_time)


register_backend(BACKEND, __name__, Backend.__name__)  # type: ignore[no-untyped-call]


class Answers:
    """What was answered, in Redis. It fills no more than twice ``cache.process_mib`` for each process."""

    def __init__(self, registry: Registry) -> None:
        settings = registry.settings
        self.redis, self.ttl_s = registry["redis"], settings["cache.ttl_s"]
        # Only Redis' expiration: dogpile's would be by this machine's clock.
        pool = connect(settings["redis.url"]).connection_pool
        self.region: Any = make_region(serializer=encode, deserializer=decode)
        arguments = {"connection_pool": pool, "redis_expiration_time": self.ttl_s, "tokens": registry["cache.tokens"]}
        self.region.configure(BACKEND, arguments=arguments)
        #: Another release or another set of plugins answers otherwise.
        self.platform = [version("courseplatform"), *registry["plugins"]]
        self.lock, self.room_bytes = threading.Lock(), settings["cache.process_mib"] * 1024 * 1024
        self.kept_bytes, self.until = 0, 0.0

    def key(self, request: Request, audience: str, topics: list[str]) -> Key:
        """Of what is asked here by one of an audience."""
        asked = [self.platform, audience, request.path, sorted(request.GET.items()), request.headers.get("Accept")]
        hashed = hashlib.blake2b(orjson.dumps(asked), digest_size=16)
        key = Key(f"{PREFIX}:answer:{hashed.hexdigest()}")
        key.topics, key.tokens = topics, None
        return key

    def find(self, key: Key) -> Any:
        """None if there is none, or Redis fails. What is made instead may be kept if the key has tokens then."""
        found = self.redis.ask(self.region.get, key)
        return None if found is NO_VALUE else found

    def keep(self, key: Key, response: Response) -> None:
        if self.takes(len(response.body)):
            self.redis.ask(self.region.set, key, response)

    def takes(self, size_bytes: int) -> bool:
        """Whether there is room: who asks for ever new pages must not fill Redis, where jobs wait."""
        with self.lock:
            now = time.monotonic()
            if now >= self.until:
                self.kept_bytes, self.until = 0, now + self.ttl_s
            self.kept_bytes += size_bytes
            return self.kept_bytes <= self.room_bytes


def encode(response: Response) -> bytes:
    """A line of JSON, then the body as it is."""
    headers = [(name, value) for name, value in response.headerlist if name != "Content-Length"]
    return orjson.dumps([headers, bool(response.conditional_response)]) + b"\n" + response.body


def decode(kept: bytes) -> tuple[list[tuple[str, str]], bool, bytes]:
    head, _, body = kept.partition(b"\n")
    headers, is_conditional = orjson.loads(head)
    return [(name, value) for name, value in headers], is_conditional, body


def shared_view(view: Callable[[Any, Request], Response], info: Any) -> Callable[[Any, Request], Response]:
    """A view deriver. ``shared``: the validator of a view whose answers may be shared; it knows their topics."""
    validator, permission = info.options.get("shared"), info.options.get("permission")
    if validator is None:
        return view
    check_topics(info.registry, validator.shared, f"{info.original_view!r}: shared=")

    def share(context: Any, request: Request) -> Response:
        answers: Answers | None = request.registry["cache.answers"]
        audience = None if answers is None else audience_of(context, request, validator, permission)
        topics = None if audience is None else topics_of(context, request, validator, audience)
        if answers is None or audience is None or topics is None:
            return view(context, request)
        key = answers.key(request, audience, topics)
        kept = answers.find(key)
        outcome = "bypass" if key.tokens is None else "miss" if kept is None else "hit"
        request.count_now("courseplatform_cache_lookups", cache="shared", outcome=outcome)
        if kept is not None:
            return answered(request, *kept)
        response = view(context, request)
        if key.tokens is not None and request.method == "GET" and is_shareable(response):
            answers.keep(key, response)
        return response

    return share


shared_view.options = ("shared",)  # type: ignore[attr-defined]


def answered(request: Request, headers: list[tuple[str, str]], is_conditional: bool, body: bytes) -> Response:
    response = request.response
    response.headerlist, response.conditional_response = headers, is_conditional
    response.body = body
    return response


def is_shareable(response: Response) -> bool:
    return (
        response.status_int == 200
        and response.content_type == "application/json"
        and response.content_length is not None
        and response.content_length <= MAX_ANSWER_BYTES
        and not any(name in response.headers for name in PRIVATE_HEADERS)
    )


def topics_of(context: Node, request: Request, validator: Any, audience: str) -> list[str] | None:
    """The topics of the answer to this request; None if it is not to be shared."""
    registry, asked = request.registry, request.GET
    if "explain" in asked:
        return None
    found = topics_at(registry, tuple(type(node) for node in lineage(context)))
    if found is None:
        return None
    topics = {*found, *validator.shared}
    schemas = schemas_of(registry, validator)
    is_extended = schemas is not validator  # what others added may read tables of theirs
    if is_extended and (asked.keys() & schemas.filters.keys() or asked.get("ordering") in schemas.orderings):
        return None
    extensions = registry["extensions"].get(model_of(type(context)), {})
    for key in filter(None, map(str.strip, asked.get("expand", "").split(","))):
        extension = extensions.get(key)
        if extension is None or extension.shared is None or audience not in (ANONYMOUS, *extension.shared_by):
            return None
        topics.update(extension.shared)
    items = {node.model.__table__.name: node.id for node in items_of(context) if node.is_keyed}
    narrowed: Any = registry["cache.topics"].narrowed
    return sorted(set().union(*(narrowed(topic, items) for topic in topics)))


def audience_of(context: Node, request: Request, validator: Any, permission: str) -> str | None:
    """Who are all answered alike: the anonymous, or a role of which the caller is; None for who is answered alone.

    Anonymous is in whose request nothing says who calls, however the plugin for accounts reads that. Security is asked
    whether somebody who signed in may see this at all; what a program may is narrower.
    """
    try:
        if "Authorization" not in request.headers and request.caller.claims is None:
            return ANONYMOUS
        if not validator.shared_by:
            return None
        identity = request.identity
    except Unauthenticated:
        return None
    if identity is None or identity.scopes is not None or identity.role not in validator.shared_by:
        return None
    return identity.role if request.has_permission(permission, context) else None


def topics_at(registry: Registry, classes: tuple[type[Node], ...]) -> frozenset[str] | None:
    """The topics of the rows above an address; None if they have none, or if a function decides who is let in.

    Roles decide the same for all who are anonymous, since they hold none.
    """
    known: dict[Any, frozenset[str] | None] = registry["cache.topics"].at
    if classes not in known:
        parts = [registry["cache.topics"].of_model(cls.model) for cls in classes if issubclass(cls, Item)]
        rows = [[part.topic for part in of_row if part.columns is None] for of_row in parts]
        restrictions = [one for found in registry["restrictions"].values() for one in found]
        is_open = not any(one.allows and one.concerns(cls, "GET") for one in restrictions for cls in classes)
        topics = frozenset(topic for of_row in rows for topic in of_row)
        known[classes] = topics if is_open and all(rows) else None
    return known[classes]


def check_extensions(registry: Registry) -> None:
    for model, extensions in registry["extensions"].items():
        for key, extension in extensions.items():
            check_topics(registry, extension.shared or (), f"extension {key!r} of {model.__name__}: shared=")


def check_topics(registry: Registry, topics: Any, told: str) -> None:
    """Raises: ConfigurationError for one that no plugin has declared."""
    unknown = sorted(set(topics) - registry["cache.topics"].names)
    if unknown:
        raise ConfigurationError(f"{told} no such topic: {', '.join(unknown)} (add_cache_topic)")
