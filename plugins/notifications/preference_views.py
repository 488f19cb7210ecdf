"""``/users/notifications/preferences/``"""

from typing import Any

from courseplatform.api import Request, Service, check_body_match, set_body_etag

from .permissions import P
from .preferences import hold_preferences, preferences_json, set_preferences, stored_preferences
from .schemas import PreferencesAnswer, PreferencesBody

preferences = Service("notification_preferences", "/users/notifications/preferences/")


@preferences.get(permission=P.PREFER, answer=PreferencesAnswer)
def show_preferences(request: Request) -> Any:
    """Which kinds of notifications the caller gets, by channel: ``in_app``, ``email``."""
    return set_body_etag(request, preferences_json(request, stored_preferences(request, request.identity.id)))


@preferences.put(permission=P.PREFER, body=PreferencesBody, answer=PreferencesAnswer)
@preferences.patch(permission=P.PREFER, body=PreferencesBody, answer=PreferencesAnswer)
def change_preferences(request: Request) -> Any:
    """Switch kinds on and off, from the next notification on. PUT sets what is left out to its default, PATCH leaves
    it; null is the default. 422 for a kind that the channel can't switch: what administrators write is always listed.
    """
    user_id = request.identity.id
    held = hold_preferences(request, user_id)
    check_body_match(request, lambda: preferences_json(request, held))
    switches, is_replacing = request.validated["body"], request.method == "PUT"
    stored = set_preferences(request, user_id, switches, held=held, is_replacing=is_replacing)
    return set_body_etag(request, preferences_json(request, stored))
