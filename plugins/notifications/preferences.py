"""Verbs of preferences: what a reader wants to hear, and where."""

from typing import Any
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert

from courseplatform.api import Fault, Invalid, Request

from .kinds import CHANNELS, Kind
from .models import Inbox

#: Channel → kind → on, off, or None for the default.
Switches = dict[str, dict[str, bool | None] | None]


def stored_preferences(request: Request, user_id: UUID) -> dict[str, Any]:
    """What a user has said: ``{channel: {kind: bool}}``, only where it differs from the default."""
    return request.db.scalar(select(Inbox.preferences).where(Inbox.recipient_id == user_id)) or {}


def hold_preferences(request: Request, user_id: UUID) -> dict[str, Any]:
    """The same, which nobody else changes before this transaction ends."""
    held = insert(Inbox).values(recipient_id=user_id)
    # An update of nothing: it locks, whether the row is there or not.
    held = held.on_conflict_do_update(index_elements=[Inbox.recipient_id], set_={"last_sequence": Inbox.last_sequence})
    return request.db.scalars(held.returning(Inbox.preferences)).one()


def set_preferences(
    request: Request, user_id: UUID, switches: Switches, *, held: dict[str, Any], is_replacing: bool
) -> dict[str, Any]:
    """Change what is stored, ``held``, or replace it: what is stored then, where it differs from the defaults.

    A channel that is None goes back to its defaults. Raises: Invalid for kinds that a channel can't switch.
    """
    check_kinds(request, switches)
    kinds, stored = request.registry["notifications.kinds"], {}
    for channel in CHANNELS:
        given, before = switches.get(channel, {}), {} if is_replacing else held.get(channel, {})
        wanted = {} if given is None else {**before, **given}
        kept = {name: is_on for name, is_on in wanted.items() if is_kept(kinds.get(name), channel, is_on)}
        if kept:
            stored[channel] = kept
    if stored != held:
        request.db.execute(update(Inbox).where(Inbox.recipient_id == user_id).values(preferences=stored))
    return stored


def is_kept(kind: Kind | None, channel: str, is_on: bool | None) -> bool:
    """What a plugin that is off would want to know is kept for it."""
    return is_on is not None and (kind is None or kind.defaults[channel] != is_on)


def check_kinds(request: Request, switches: Switches) -> None:
    """Raises: Invalid, without the names that were given."""
    faults = []
    for channel, given in switches.items():
        known = switchable(request, channel)
        if given is not None and not given.keys() <= known.keys():
            faults.append(Fault("body", channel, "may only have these keys: " + ", ".join(known)))
    if faults:
        raise Invalid(errors=faults)


def switchable(request: Request, channel: str) -> dict[str, Kind]:
    """The kinds that readers can switch in a channel, by name."""
    kinds = request.registry["notifications.kinds"]
    return {name: kinds[name] for name in sorted(kinds) if channel not in kinds[name].fixed}


def preferences_json(request: Request, stored: dict[str, Any]) -> dict[str, dict[str, bool]]:
    """``{channel: {kind: bool}}``, every kind."""
    return {
        channel: {name: kind.goes_to(channel, stored) for name, kind in switchable(request, channel).items()}
        for channel in CHANNELS
    }


def forget_preferences(request: Request, user_id: UUID) -> None:
    """Everything at its default again. Holds the inbox. Idempotent."""
    default = insert(Inbox).values(recipient_id=user_id, preferences={})
    request.db.execute(default.on_conflict_do_update(index_elements=[Inbox.recipient_id], set_={"preferences": {}}))
