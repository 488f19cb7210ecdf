"""``deploy/elk``, read: which fields Elasticsearch knows, and whether it would take a value for one."""

import ipaddress
import json
from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).resolve().parents[2] / "deploy" / "elk"
TEXTS = ("keyword", "constant_keyword", "match_only_text", "wildcard")


def read(name: str) -> Any:
    return json.loads((FOLDER / name).read_text())


def mapped() -> dict[str, str]:
    """Field → its type."""
    return dict(leaves(read("component-template.json")["template"]["mappings"]["properties"]))


def leaves(properties: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, str]]:
    for name, told in properties.items():
        if "properties" in told:
            yield from leaves(told["properties"], f"{prefix}{name}.")
        else:
            yield prefix + name, told["type"]


def fits(kind: str, value: Any) -> bool:
    """Whether Elasticsearch indexes such a value as it is, without ``ignore_malformed``."""
    if kind in TEXTS:
        return isinstance(value, str)
    if kind == "long":
        return isinstance(value, int) and not isinstance(value, bool) and abs(value) < 2**63
    if kind == "double":
        return isinstance(value, int | float) and not isinstance(value, bool)
    if kind == "flattened":
        return isinstance(value, dict) and all(isinstance(inner, str) for inner in value.values())
    try:
        if kind == "ip":
            return bool(ipaddress.ip_address(value))
        return kind == "date" and datetime.fromisoformat(value).tzinfo is not None
    except ValueError:
        return False


def faults(lines: list[dict[str, Any]]) -> set[str]:
    """What Elasticsearch would not search in these lines: fields that it does not know, values that don't fit."""
    known = mapped()
    return {
        f"{name} is {value!r}, and mapped as {known.get(name)}"
        for line in lines
        for name, value in line.items()
        if name not in known or not fits(known[name], value)
    }
