"""Counting what happens in this process: ``config.add_counter(name, …)``, ``request.count(name)``.

A worker counts too, but nobody asks it: what happens in jobs is for ``add_metrics``, which reads it from the database.
"""

from collections.abc import Sequence
from typing import Any

from prometheus_client import Counter
from prometheus_client.registry import CollectorRegistry
from pyramid.config import Configurator
from pyramid.registry import Registry
from pyramid.request import Request

from ..db import promise
from ..events import Event


class Counters:
    """Every counter of one application. ``registry`` is this process's; its files may be shared with others."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.by_name: dict[str, Counter] = {}
        #: Kept, since looking one up by its labels takes longer than counting.
        self.children: dict[tuple[Any, ...], Counter] = {}

    def declare(self, name: str, description: str, labels: Sequence[str]) -> None:
        self.by_name[name] = Counter(name, description, labels, registry=self.registry)

    def add(self, name: str, amount: float, labels: dict[str, str]) -> None:
        """Raises: KeyError for a counter, ValueError for a label that was not declared."""
        key = name, *labels.items()
        child = self.children.get(key)
        if child is None:
            counter = self.by_name[name]
            child = self.children[key] = counter.labels(**labels) if labels else counter
        child.inc(amount)


def count(request: Request, name: str, amount: float = 1, **labels: str) -> None:
    """Count, if and after this transaction commits. ``name``: of ``config.add_counter``, with all of its labels."""
    promise(request, keep_counts, (name, amount, labels))


def keep_counts(registry: Registry, counted: list[Any]) -> None:
    for name, amount, labels in counted:
        registry["counters"].add(name, amount, labels)


def count_now(request: Request, name: str, amount: float = 1, **labels: str) -> None:
    """Count at once, whatever becomes of this transaction: refusals, and what caches had."""
    request.registry["counters"].add(name, amount, labels)


class CountEvents:
    """A subscriber: every event that commits counts one, labelled by what it says of itself."""

    def __init__(self, name: str, labels: Sequence[str]) -> None:
        self.name, self.labels = name, labels

    def __call__(self, event: Event) -> None:
        event.request.count(self.name, **{label: label_value(getattr(event, label)) for label in self.labels})

    def __repr__(self) -> str:
        return f"counter {self.name}"


def label_value(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def add_counter(config: Configurator, name: str, description: str, labels: Sequence[str] = (), of: Any = None) -> None:
    """Declare a counter; ``/metrics`` shows it as ``<name>_total``.

    ``name`` begins with ``courseplatform_``. ``of``: a class of event of which each counts, with its attributes that
    ``labels`` names; without it ``request.count`` or ``request.count_now`` does. A label has few values, known
    beforehand: ids, names and whatever clients send fill Prometheus' memory.
    """
    config.action(("counter", name), lambda: config.registry["counters"].declare(name, description, labels))
    if of is not None:
        config.add_subscriber(CountEvents(name, labels), config.maybe_dotted(of))
