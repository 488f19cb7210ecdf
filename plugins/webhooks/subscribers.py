"""Reactions of webhooks: to every event."""

from courseplatform.api import Event
from plugins.accounts.api import UserForgotten

from . import event_log, jobs, operations


def log_event(event: Event) -> None:
    """Keep a public event, in its own transaction; one job numbers all events of a transaction after its commit."""
    if event.public_type is None:
        return
    event_log.write(event.request, event)
    event.request.enqueue(jobs.number_events, is_once=True)


def forget_user(event: UserForgotten) -> None:
    """An erased user's webhooks go, with their addresses; the log names the user by an id that says nothing more."""
    operations.forget_owner(event.request, event.user_id)
