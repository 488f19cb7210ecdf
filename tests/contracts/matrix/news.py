"""Notifications, events and webhooks."""

from .language import FIRST_PARTY, r, section
from .words import HOOK, HOOK_OF_ALL

MARK = {"is_read": True}
MAIL = {"email": {"message": False}}

NEWS = [
    section(
        "Notifications",
        "Read by their recipient alone; written by administrators, who don't read those of others.",
        "notifications:read",
        "notifications:write",
        r("GET", "/users/notifications/", "401 200 200 200 200 200 200"),
        r("GET", "/users/notifications/{own_notification}/", "401 200 200 200 200 200 200"),
        r(
            "PATCH",
            "/users/notifications/{own_notification}/",
            "401 200 200 200 200 200 200",
            MARK,
            note="mark as read",
        ),
        r("POST", "/users/notifications/read-all/", "401 200 200 200 200 200 200"),
        r(
            "GET",
            "/users/notifications/preferences/",
            "401 200 200 200 200 200 200",
            scopes="notifications:read notifications:write",
        ),
        r("PUT", "/users/notifications/preferences/", "401 200 200 200 200 200 200", MAIL),
        r("PATCH", "/users/notifications/preferences/", "401 200 200 200 200 200 200", MAIL),
        r("GET", "/users/notifications/{notification_X}/", "401 404 404 404 404 404 404"),
        r(
            "PATCH",
            "/users/notifications/{notification_X}/",
            "401 404 404 404 404 404 200",
            {"message": "new"},
            scopes=FIRST_PARTY,
            also="N403 M403",
        ),
        r(
            "POST",
            "/users/notifications/",
            "401 403 403 403 403 403 201",
            {"recipient_id": "{user_X}", "message": "hi"},
            scopes=FIRST_PARTY,
        ),
        r(
            "PUT",
            "/users/notifications/{own_notification}/",
            "401 403 403 403 403 403 200",
            {"message": "new"},
            scopes=FIRST_PARTY,
        ),
        r("DELETE", "/users/notifications/{own_notification}/", "401 403 403 403 403 403 204", scopes=FIRST_PARTY),
        r(
            "PUT",
            "/users/notifications/{notification_X}/",
            "401 403 403 403 403 403 200",
            {"message": "new"},
            scopes=FIRST_PARTY,
        ),
        r("DELETE", "/users/notifications/{notification_X}/", "401 403 403 403 403 403 204", scopes=FIRST_PARTY),
    ),
    section(
        "Events",
        "For those who teach: what happens in their courses. To administrators, all.",
        "events:read",
        "events:read",
        r("GET", "/events/", "401 403 403 200 200 200 200"),
        r("GET", "/events/?course_id={course}", "401 403 403 403 200 200 200", note="of one course"),
    ),
    section(
        "Webhooks",
        "Its owner's (here O's) and administrators'; to others it does not exist.",
        FIRST_PARTY,
        FIRST_PARTY,
        r("GET", "/webhooks/", "401 200 200 200 200 200 200"),
        r("POST", "/webhooks/", "401 403 403 403 201 201 201", HOOK, note="of one course"),
        r("POST", "/webhooks/", "401 403 403 422 422 422 201", HOOK_OF_ALL, note="of all courses"),
        r("GET", "/webhooks/{webhook}/", "401 404 404 404 200 404 200"),
        r("PUT", "/webhooks/{webhook}/", "401 404 404 404 200 404 200", HOOK),
        r("PATCH", "/webhooks/{webhook}/", "401 404 404 404 200 404 200", {"description": "x"}),
        r("DELETE", "/webhooks/{webhook}/", "401 404 404 404 204 404 204"),
        r("GET", "/webhooks/{webhook}/deliveries/", "401 404 404 404 200 404 200"),
        r("POST", "/webhooks/{webhook}/test/", "401 404 404 404 202 404 202"),
        r("POST", "/webhooks/{webhook}/replay/", "401 404 404 404 202 404 202", {"after": 0}),
        r("POST", "/webhooks/{webhook}/secret/", "401 404 404 404 200 404 200"),
    ),
]
