"""Where webhooks may not lead: refused when they are saved, and again when they are connected to."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from pyramid.exceptions import ConfigurationError

from courseplatform.outbound import look_up
from courseplatform.testing import Client, make_app, rolled_back
from tests.core.conftest import build
from tests.factories.accounts import Actor, make_user
from tests.plugins.webhooks.conftest import WEBHOOKS, School
from tests.plugins.webhooks.receiver import status

PUBLIC = "93.184.216.34"


@pytest.fixture(scope="module")
def strict_app(database_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """As in production: nothing is allowed."""
    app = make_app(database_url, tmp_path_factory.mktemp("var"))
    yield app
    app.registry["db.engine"].dispose()


@pytest.fixture
def strict_admin(strict_app: Any) -> Iterator[Actor]:
    with rolled_back(strict_app) as (client, _):
        yield make_user(client, "admin")


def resolve(app: Any, *answers: list[str]) -> list[str]:
    """Let names resolve to these, one after the other, the last for ever. The names that were asked for."""
    left, asked = list(answers), []

    def fake(host: str, timeout_s: float) -> list[str]:
        asked.append(host)
        return left.pop(0) if len(left) > 1 else left[0]

    app.registry["webhooks.guard"] = replace(app.registry["webhooks.guard"], resolve=fake)
    return asked


@pytest.fixture(autouse=True)
def real_resolver(strict_app: Any, webhooks_app: Any) -> Iterator[None]:
    yield
    for app in (strict_app, webhooks_app):
        app.registry["webhooks.guard"] = replace(app.registry["webhooks.guard"], resolve=look_up)


def refused(actor: Client, url: str) -> str:
    refusal = actor.post(WEBHOOKS, {"url": url}, status=422).json
    (fault,) = refusal["errors"]
    assert (fault["location"], fault["name"]) == ("body", "url")
    return fault["detail"]


@pytest.mark.parametrize(
    "url",
    [
        *("https://127.0.0.1/", "https://localhost/", "https://[::1]/", "https://10.0.0.1/", "https://192.168.0.1/"),
        *("https://169.254.169.254/latest/meta-data/", "https://100.100.100.200/", "https://0.0.0.0/"),
        *("https://2130706433/", "https://0x7f000001/", "https://0177.0.0.1/", "https://127.1/", "https://127.0.0.1./"),
        *("https://[::ffff:169.254.169.254]/", "https://[64:ff9b::a9fe:a9fe]/", "https://[fd00:ec2::254]/"),
        *("https://１２７.0.0.1/", "https://127。0。0。1/", "https://localhost./", "https://203.0.113.7/"),
        *("http://1.1.1.1/", "https://1.1.1.1:22/", "https://1.1.1.1:8443/", "ftp://1.1.1.1/", "https://u:p@1.1.1.1/"),
        *("https://1.1.1.1/#x", "https://hooks.test\\@127.0.0.1/", "//1.1.1.1/", "1.1.1.1", "https://", ""),
    ],
)
def test_it_is_not_saved(url: str, strict_admin: Actor) -> None:
    detail = refused(strict_admin, url)
    assert url == "" or url not in detail
    made = strict_admin.post(WEBHOOKS, {"url": "https://1.1.1.1/"}).headers["Location"]
    strict_admin.patch(made, {"url": url}, status=422)
    strict_admin.put(made, {"url": url}, status=422)
    assert strict_admin.get(made).json["url"] == "https://1.1.1.1/"


def test_a_name_is_looked_up_when_it_is_saved(strict_app: Any, strict_admin: Actor) -> None:
    asked = resolve(strict_app, [PUBLIC], ["10.0.0.1"], [PUBLIC, "127.0.0.1"], [])
    made = strict_admin.post(WEBHOOKS, {"url": "https://Hooks.Test./x?y=z"})
    assert made.json["url"] == "https://hooks.test/x?y=z"
    assert refused(strict_admin, "https://inner.test/") == "must lead to a public address"
    assert refused(strict_admin, "https://mixed.test/") == "must lead to a public address"
    assert refused(strict_admin, "https://nowhere.test/") == "must have a host that can be found"
    assert asked == ["hooks.test", "inner.test", "mixed.test", "nowhere.test"]
    strict_admin.patch(made.headers["Location"], {"description": "x"})
    assert len(asked) == 4, "only where it changes"


def test_an_international_name_is_kept_as_it_is_looked_up(strict_app: Any, strict_admin: Actor) -> None:
    asked = resolve(strict_app, [PUBLIC])
    made = strict_admin.post(WEBHOOKS, {"url": "https://bücher.test/"}).json
    assert (made["url"], asked) == ("https://xn--bcher-kva.test/", ["xn--bcher-kva.test"])


def happen(client: Client) -> None:
    admin = make_user(client, "admin")
    admin.patch(f"/api/users/{make_user(client).id}/", {"role": "teacher"})
    client.run_jobs()


def errors(actor: Client, address: str) -> list[Any]:
    ledger = actor.get(f"{address}deliveries/").json["results"]
    return [line["error"] for line in ledger if line["attempted_at"]]


def test_a_name_that_leads_home_when_it_is_connected_to_is_not_connected_to(school: School) -> None:
    """DNS rebinding: public when it was saved, and this machine, where a receiver listens, a moment later."""
    guard = school.client.registry["webhooks.guard"]
    asked = resolve(school.client.app, [PUBLIC], ["127.0.0.1"])
    school.client.registry["webhooks.guard"] = replace(school.client.registry["webhooks.guard"], networks=())
    try:
        hook = school.hook(url=f"http://rebind.test:{school.receiver.port}/")
        school.happen()
        school.run()
        assert errors(school.owner, hook.address) == ["address_refused"]
        assert school.receiver.got == []
        assert asked == ["rebind.test", "rebind.test"]
    finally:
        school.client.registry["webhooks.guard"] = guard


@pytest.mark.parametrize("answer", [["10.0.0.1"], [PUBLIC, "169.254.169.254"], ["::ffff:127.0.0.1", "::1"]])
def test_each_attempt_looks_anew(answer: list[str], strict_app: Any, strict_admin: Actor) -> None:
    resolve(strict_app, [PUBLIC], answer)
    made = strict_admin.post(WEBHOOKS, {"url": "https://hooks.test/"}).headers["Location"]
    happen(strict_admin)
    assert errors(strict_admin, made) == ["address_refused"]


def test_what_was_looked_at_is_connected_to_and_nothing_is_looked_up_between(school: School) -> None:
    """One look an attempt: had anything resolved the name again, it would have been sent elsewhere or nowhere."""
    asked = resolve(school.client.app, ["127.0.0.1"], ["127.0.0.1"], ["10.0.0.1"])
    hook = school.hook(url=f"http://flicker.test:{school.receiver.port}/hook")
    school.happen()
    school.run()
    assert school.receiver.got[0].headers["host"] == f"flicker.test:{school.receiver.port}"
    assert school.receiver.got[0].verified(hook.secret)
    assert len(asked) == 2


def test_a_name_that_is_gone_is_tried_again(school: School) -> None:
    resolve(school.client.app, ["127.0.0.1"], [], ["127.0.0.1"])
    hook = school.hook(url=f"http://gone.test:{school.receiver.port}/hook")
    school.happen()
    school.run()
    assert errors(school.owner, hook.address) == ["host_unknown"]
    school.pass_time(seconds=10)
    assert len(school.receiver.got) == 1


def test_a_redirect_to_this_machine_is_not_followed(school: School) -> None:
    for target in (f"{school.receiver.url}/inner", "http://169.254.169.254/latest/meta-data/", "file:///etc/passwd"):
        school.receiver.reset()
        school.receiver.answers = [status(302, Location=target)]
        hook = school.hook()
        school.happen()
        school.run()
        assert [got.path for got in school.receiver.got] == ["/hook"]
        school.owner.delete(hook.address)


def test_what_was_allowed_when_it_was_saved_is_judged_by_what_is_allowed_now(school: School) -> None:
    hook = school.hook()
    guard = school.client.registry["webhooks.guard"]
    try:
        for stricter in ({"allow_http": False}, {"ports": frozenset({443})}, {"networks": ()}):
            school.client.registry["webhooks.guard"] = replace(guard, **stricter)
            school.happen()
            school.run()
            school.set(hook, paused_until=None)
        assert set(errors(school.owner, hook.address)) == {"address_refused"}
        assert school.receiver.got == []
    finally:
        school.client.registry["webhooks.guard"] = guard


# --- settings


def test_by_default_nothing_is_allowed_and_each_setting_allows_what_it_says(tmp_path: Path) -> None:
    include = "plugins.webhooks"
    guard = build(include).registry["webhooks.guard"]
    assert (guard.allow_http, guard.ports, guard.networks) == (False, frozenset({443}), ())
    settings = {
        "webhooks.allow_http": "true",
        "webhooks.allowed_ports": "443 8443",
        "webhooks.allowed_private_networks": "10.1.0.0/16",
    }
    guard = build(include, **settings).registry["webhooks.guard"]
    assert (guard.allow_http, guard.ports) == (True, frozenset({443, 8443}))
    assert [str(network) for network in guard.networks] == ["10.1.0.0/16"]
    assert build(include, **{"webhooks.allowed_ports": "any"}).registry["webhooks.guard"].ports is None


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("allowed_ports", "http"),
        ("allowed_ports", "0"),
        ("allowed_ports", "70000"),
        ("allowed_private_networks", "10.0.0.1/8"),
        ("allowed_private_networks", "everything"),
        ("keep_days", "0"),
    ],
)
def test_a_setting_that_can_t_be_read_is_a_fault(name: str, value: str) -> None:
    with pytest.raises(ConfigurationError, match=f"webhooks.{name}"):
        build("plugins.webhooks", **{f"webhooks.{name}": value})
