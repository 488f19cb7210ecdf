"""``/webhooks/``: who has them, what they may be, and their secrets."""

from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa

from courseplatform.testing import Client, make_app, rolled_back
from plugins.accounts.models import User
from plugins.webhooks.jobs import purge_events
from plugins.webhooks.models import Webhook
from tests.factories.accounts import Actor, make_user
from tests.factories.audit import audit_lines
from tests.factories.courses import add_co_teacher, id_of
from tests.plugins.webhooks.conftest import WEBHOOKS, School

FIELDS = {
    *("id", "owner_id", "url", "event_types", "course_id", "description"),
    *("is_enabled", "disabled_reason", "failing_since", "created_at"),
}


def body(school: School, **fields: Any) -> dict[str, Any]:
    return {"url": school.receiver.url, "course_id": str(school.course_id), **fields}


def set_role(client: Client, actor: Actor, role: str) -> None:
    with client.script() as request:
        request.db.get_one(User, actor.user_id).role = role


def ids(actor: Actor, query: str = "") -> list[str]:
    return [row["id"] for row in actor.get(f"{WEBHOOKS}?{query}").json["results"]]


# --- making and changing


def test_a_webhook_is_made_with_a_secret_that_is_shown_once(school: School) -> None:
    answer = school.owner.post(
        WEBHOOKS, body(school, event_types=["submission.graded", "course.archived"], description=" CRM ")
    )
    made = answer.json
    assert set(made) == FIELDS | {"secret"}
    assert made["secret"].startswith("whsec_") and len(made["secret"]) == 50
    assert made["event_types"] == ["course.archived", "submission.graded"]
    assert (made["owner_id"], made["course_id"]) == (school.owner.id, str(school.course_id))
    assert (made["is_enabled"], made["disabled_reason"], made["description"]) == (True, None, "CRM")
    shown = school.owner.get(answer.headers["Location"])
    assert shown.json == {name: made[name] for name in FIELDS}
    assert shown.headers["ETag"] == answer.headers["ETag"]
    assert "whsec_" not in school.owner.get(WEBHOOKS).text


def test_deliveries_do_not_change_the_etag(school: School) -> None:
    hook = school.hook()
    before = school.owner.get(hook.address).headers["ETag"]
    school.happen(2)
    school.run()
    assert school.owner.get(hook.address).headers["ETag"] == before
    school.owner.patch(hook.address, {"description": "x"}, headers={"If-Match": before})
    school.owner.patch(hook.address, {"description": "y"}, status=412, headers={"If-Match": before})


def test_put_replaces_and_patch_changes(school: School) -> None:
    hook = school.hook(event_types=["course.archived"], description="x")
    assert hook.patch(description="y")["event_types"] == ["course.archived"]
    shown = school.owner.put(hook.address, body(school)).json
    assert (shown["event_types"], shown["description"]) == ([], "")
    for field, value in {"owner_id": school.owner.id, "disabled_reason": "x", "secret": "x", "id": hook.id}.items():
        school.owner.patch(hook.address, {field: value}, status=422)


def test_unknown_types_are_refused_by_naming_the_known_ones(school: School) -> None:
    for types in (["course.exploded"], ["course.archived", "*"], [""]):
        refusal = school.owner.post(WEBHOOKS, body(school, event_types=types), status=422).json
        assert refusal["errors"][0]["name"] == "event_types"
    hook = school.hook()
    school.owner.patch(hook.address, {"event_types": ["x"]}, status=422)
    assert hook.patch(event_types=["course.archived", "course.archived"])["event_types"] == ["course.archived"]


def test_a_deleted_webhook_is_sent_nothing(school: School) -> None:
    hook = school.hook()
    school.happen()
    school.owner.delete(hook.address)
    school.owner.get(hook.address, status=404)
    school.run()
    assert school.receiver.got == []


def test_one_has_twenty(school: School) -> None:
    made = [school.hook().address for _ in range(20)]
    refused = school.owner.post(WEBHOOKS, body(school), status=409).json
    assert (refused["code"], refused["max_webhooks"]) == ("too_many_webhooks", 20)
    school.owner.delete(made[0])
    school.hook()
    school.hook(school.admin)


def test_changes_that_make_us_look_up_and_send_are_limited(database_url: str, tmp_path: Any) -> None:
    app = make_app(database_url, tmp_path, **{"limits.webhooks": "2/hour"})
    with rolled_back(app) as (client, _):
        admin, other = make_user(client, "admin"), make_user(client, "admin")
        made = admin.post(WEBHOOKS, {"url": "https://1.1.1.1/"}).headers["Location"]
        admin.post(f"{made}test/", status=202)
        for method, path, sent in (
            ("POST", WEBHOOKS, {"url": "https://1.1.1.1/"}),
            ("PATCH", made, {"url": "https://8.8.8.8/"}),
            ("POST", f"{made}test/", None),
            ("POST", f"{made}replay/", {"after": 0}),
        ):
            assert admin.call(method, path, sent).status_int == 429
        other.post(WEBHOOKS, {"url": "https://1.1.1.1/"})
    app.registry["db.engine"].dispose()


# --- who


def test_teachers_have_webhooks_of_courses_they_teach_and_administrators_of_all(school: School) -> None:
    school.owner.post(WEBHOOKS, {"url": school.receiver.url}, status=422)
    for course_id in (id_of(school.other_course), school.owner.id):
        school.owner.post(WEBHOOKS, body(school, course_id=course_id), status=403)
    assert school.admin.post(WEBHOOKS, {"url": school.receiver.url}).json["course_id"] is None
    school.admin.post(WEBHOOKS, body(school))
    school.admin.post(WEBHOOKS, body(school, course_id=school.owner.id), status=422)
    make_user(school.client).post(WEBHOOKS, body(school), status=403)
    co_teacher = make_user(school.client, "teacher")
    co_teacher.post(WEBHOOKS, body(school), status=403)
    add_co_teacher(school.client, school.course, co_teacher)
    co_teacher.post(WEBHOOKS, body(school))


def test_a_course_is_not_changed_for_one_that_is_not_taught(school: School) -> None:
    hook = school.hook()
    school.owner.patch(hook.address, {"course_id": id_of(school.other_course)}, status=403)
    school.owner.patch(hook.address, {"course_id": None}, status=422)
    school.admin.patch(hook.address, {"course_id": None}, status=422)
    assert hook.show()["course_id"] == str(school.course_id)


def test_ones_webhooks_are_ones_own_and_administrators(school: School) -> None:
    hook, other = school.hook(), make_user(school.client, "teacher")
    add_co_teacher(school.client, school.course, other)
    theirs = school.hook(other)
    assert (ids(school.owner), ids(other)) == ([hook.id], [theirs.id])
    assert set(ids(school.admin)) == {hook.id, theirs.id}
    for path in ("", "deliveries/"):
        other.get(hook.address + path, status=404)
        school.client.get(hook.address + path, status=401)
        school.admin.get(hook.address + path)
    for path in ("test/", "replay/", "secret/"):
        other.post(hook.address + path, {"after": 0} if path == "replay/" else None, status=404)
    other.delete(hook.address, status=404)
    school.admin.delete(hook.address)


def test_the_list_is_filtered(school: School) -> None:
    on, off = school.hook(), school.hook(is_enabled=False)
    everywhere = school.hook(school.admin)
    assert ids(school.owner, "is_enabled=true") == [on.id]
    assert ids(school.owner, "is_enabled=false") == [off.id]
    assert set(ids(school.admin, f"course_id={school.course_id}")) == {on.id, off.id}
    assert everywhere.id in ids(school.admin)


def test_who_lost_the_right_may_still_disable_and_delete_but_not_enable_or_change(school: School) -> None:
    hook = school.hook()
    set_role(school.client, school.owner, "student")
    school.owner.patch(hook.address, {"description": "x"}, status=403)
    assert hook.patch(is_enabled=False)["is_enabled"] is False
    school.owner.patch(hook.address, {"is_enabled": True}, status=403)
    assert ids(school.owner) == [hook.id]
    school.owner.post(WEBHOOKS, body(school), status=403)
    school.owner.delete(hook.address)


@pytest.mark.parametrize("loss", ["demoted", "deactivated", "left", "course gone"])
def test_deliveries_stop_when_the_owner_loses_the_right_even_those_under_way(loss: str, school: School) -> None:
    co_teacher = make_user(school.client, "teacher")
    add_co_teacher(school.client, school.course, co_teacher)
    hook = school.hook(co_teacher)
    school.happen(2)
    if loss == "demoted":
        set_role(school.client, co_teacher, "student")
    elif loss == "deactivated":
        school.admin.patch(f"/api/users/{co_teacher.id}/", {"is_active": False})
    elif loss == "left":
        school.owner.delete(f"{school.course}teachers/{co_teacher.id}/")
    else:
        school.admin.delete(f"{school.course}?force=true")
    school.run()
    assert school.receiver.got == []
    row = school.row(hook)
    assert (row.is_enabled, row.disabled_reason) == (False, "not_permitted")
    assert {delivery.status for delivery in school.deliveries()} == {"cancelled"}
    school.happen()
    school.run()
    assert len(school.deliveries()) == (3 if loss == "course gone" else 2)
    assert "webhook.disabled" in [event.type for event in school.log()]


def test_an_administrators_webhook_of_everything_ends_with_the_role(school: School) -> None:
    hook = school.hook(school.admin)
    set_role(school.client, school.admin, "teacher")
    school.happen()
    school.run()
    assert school.receiver.got == []
    assert school.row(hook).disabled_reason == "not_permitted"


def test_an_erasure_takes_the_webhooks_along(school: School) -> None:
    other = make_user(school.client, "teacher")
    add_co_teacher(school.client, school.course, other)
    school.hook(other, description="mine")
    kept = school.hook()
    assert [row["description"] for row in other.get("/api/users/me/export/").json["webhooks"]] == ["mine"]
    other.delete("/api/users/me/")
    school.run()
    assert ids(school.admin) == [kept.id]
    assert other.id not in {got.verified(kept.secret)["data"].get("owner_id") for got in school.receiver.got}
    log = [event for event in school.log() if event.type == "user.erased"]
    assert [event.data["user_id"] for event in log] == [other.id]


def test_the_export_has_no_secret(school: School) -> None:
    school.hook()
    exported = school.owner.get("/api/users/me/export/")
    assert set(exported.json["webhooks"][0]) == FIELDS
    assert "whsec_" not in exported.text


# --- secrets


def test_a_secret_is_stored_sealed_and_for_its_own_webhook_only(school: School) -> None:
    from base64 import b64decode

    hook, other = school.hook(), school.hook()
    secret = b64decode(hook.secret.removeprefix("whsec_"))
    assert len(secret) == 32
    row = school.row(hook)
    assert secret not in row.sealed_secret
    school.set(other, sealed_secret=row.sealed_secret)
    school.happen()
    school.run()
    assert [got.verified(hook.secret)["type"] for got in school.receiver.got] == ["course.archived", "webhook.disabled"]
    assert school.row(other).disabled_reason == "secret_unreadable"


def test_a_new_secret_signs_at_once_and_the_old_one_for_a_day(school: School) -> None:
    hook = school.hook()
    new = school.owner.post(f"{hook.address}secret/", status=200).json
    assert set(new) == {"secret"} and new["secret"] != hook.secret
    school.happen()
    school.run()
    assert school.receiver.got[0].headers["webhook-signature"].count("v1,") == 2
    assert school.receiver.got[0].verified(hook.secret) == school.receiver.got[0].verified(new["secret"])
    school.client.clock.move(hours=24, seconds=1)
    school.happen()
    school.run()
    assert school.receiver.got[1].headers["webhook-signature"].count("v1,") == 1
    with school.client.script() as request:
        purge_events(request)
    row = school.row(hook)
    assert (row.sealed_old_secret, row.old_secret_until) == (None, None)


def test_of_two_replacements_the_last_two_secrets_sign(school: School) -> None:
    hook = school.hook()
    second, third = (school.owner.post(f"{hook.address}secret/", status=200).json["secret"] for _ in range(2))
    school.happen()
    school.run()
    (got,) = school.receiver.got
    assert got.verified(second) == got.verified(third)
    with pytest.raises(Exception, match="No matching signature"):
        got.verified(hook.secret)


def test_under_another_secret_of_the_platform_nothing_is_sent_until_a_new_one_is_made(school: School) -> None:
    hook = school.hook()
    settings = school.client.registry.settings
    kept, settings["accounts.token_secret"] = settings["accounts.token_secret"], "another-Secret-0123456789-abcdefgh"
    try:
        school.happen()
        school.run()
        assert school.receiver.got == []
        assert hook.show()["disabled_reason"] == "secret_unreadable"
        new = school.owner.post(f"{hook.address}secret/", status=200).json["secret"]
        assert hook.patch(is_enabled=True)["disabled_reason"] is None
        school.happen()
        school.run()
        assert school.receiver.got[0].verified(new)
    finally:
        settings["accounts.token_secret"] = kept


def test_no_secret_is_in_the_audit_log(school: School, caplog: pytest.LogCaptureFixture) -> None:
    lines = audit_lines(caplog)
    hook = school.hook()
    school.owner.post(f"{hook.address}secret/", status=200)
    hook.patch(is_enabled=False)
    school.owner.delete(hook.address)
    told = lines()
    names = ["webhook.created", "webhook.secret_replaced", "webhook.changed", "webhook.deleted"]
    assert [line["event"] for line in told] == names
    assert "whsec_" not in str(told) and {line["host"] for line in told} == {"127.0.0.1"}


def test_the_database_knows_no_disabled_webhook_that_is_enabled(school: School) -> None:
    hook = school.hook()
    for values in ({"disabled_reason": "gone"}, {"disabled_reason": "x", "is_enabled": False}):
        with school.client.script() as request, pytest.raises(sa.exc.IntegrityError), request.db.begin_nested():
            request.db.execute(sa.update(Webhook).where(Webhook.id == UUID(hook.id)).values(**values))
