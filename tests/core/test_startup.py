"""A plugin at fault ends the start with one message that names it and the line; and what none can do silently."""

import logging
import subprocess
import sys
from collections.abc import Callable, Iterator
from itertools import permutations
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest
from pyramid.config import Configurator
from pyramid.exceptions import ConfigurationError

from courseplatform import main, serve
from courseplatform.testing import Client, without_environment

from .conftest import SETTINGS, build

Start = Callable[..., Any]


@pytest.fixture
def write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., None]]:
    """Write modules: ``write(acme="source")``; they are forgotten after the test."""
    monkeypatch.syspath_prepend(str(tmp_path))
    before = set(sys.modules)

    def make(**sources: str) -> None:
        for name, source in sources.items():
            path = tmp_path / f"{name}.py"
            path.parent.mkdir(exist_ok=True)
            path.write_text(dedent(source).lstrip())

    yield make
    for name in set(sys.modules) - before:
        if str(getattr(sys.modules[name], "__file__", "")).startswith(str(tmp_path)):
            del sys.modules[name]


def start(*plugins: str, with_: Callable[..., Any] = main, **settings: str) -> Any:
    with without_environment():
        named = {"courseplatform.plugins": " ".join(["plugins.courses", *plugins])}
        return with_({}, **{**SETTINGS, **named, **settings})


def refusal(*plugins: str) -> str:
    with pytest.raises(ConfigurationError) as caught:
        start(*plugins)
    return str(caught.value)


def test_a_plugin_that_raises_when_it_is_included_is_named_with_its_line(write: Any, tmp_path: Path) -> None:
    write(acme="def includeme(config):\n    config.add_capability('one', 'One')\n    1 / 0\n")
    told = refusal("acme")
    assert "The plugin acme can't be started" in told
    assert f"{tmp_path / 'acme.py'}:3: 1 / 0" in told
    assert "ZeroDivisionError" in told


def test_a_plugin_that_raises_when_it_is_imported_is_named_with_its_line(write: Any, tmp_path: Path) -> None:
    write(
        **{
            "acme/__init__": "def includeme(config):\n    config.scan('acme.views')\n",
            "acme/views": "import json\n\nbad = json.loads('{')\n",
        }
    )
    assert f"{tmp_path / 'acme/views.py'}:3: bad = json.loads" in refusal("acme")


def test_a_syntax_error_is_named_with_its_line(write: Any, tmp_path: Path) -> None:
    write(acme="def includeme(config)\n    pass\n")
    told = refusal("acme")
    assert "The plugin acme" in told
    assert f"{tmp_path / 'acme.py'}:1" in told


def test_a_wrong_name_given_to_a_directive_is_found_at_the_plugins_line(write: Any, tmp_path: Path) -> None:
    write(acme="def includeme(config):\n    config.add_jobs('acme.no_such_module')\n")
    told = refusal("acme")
    assert "The plugin acme can't be started" in told
    assert f"{tmp_path / 'acme.py'}:2: config.add_jobs" in told


def test_what_a_directive_does_later_is_told_at_the_plugins_line(write: Any, tmp_path: Path) -> None:
    write(
        acme="""
        def fail():
            raise ValueError("broken")

        def add_thing(config):
            config.action("thing", fail)

        def includeme(config):
            config.add_directive("add_thing", add_thing)
            config.add_thing()
        """
    )
    told = refusal("acme")
    assert "The plugin acme can't be started" in told
    assert f"{tmp_path / 'acme.py'}:" in told
    assert "ValueError: broken" in told


def test_a_plugin_that_is_not_there_is_told_in_a_sentence(write: Any) -> None:
    assert "There is no plugin acme_typo" in refusal("acme_typo")
    write(acme="def includeme(config):\n    config.include('acme_base')\n")
    told = refusal("acme")
    assert "There is no plugin acme_base" in told
    assert "acme.py:2: config.include('acme_base')" in told


def test_a_library_that_is_missing_is_not_mistaken_for_the_plugin(write: Any) -> None:
    write(acme="import no_such_library\n\ndef includeme(config): pass\n")
    told = refusal("acme")
    assert "The plugin acme can't be started" in told
    assert "acme.py:1: import no_such_library" in told


CLAIMS = {
    "resource node": "config.add_resource_node('courseplatform.api.Root', 'taken', 'courseplatform.api.Node')",
    "setting": "config.add_setting('acme.limit', int)",
    "extension": "config.add_extension('plugins.courses.models.Course', 'taken', print)",
    "representation": "config.add_representation('courseplatform.api.Node', print)",
    "problem": "config.add_problems({'taken': 'It is taken.'})",
    "scope": "config.add_scope('taken', 'Take it', ['course:view'])",
    "capability": "config.add_capability('taken', 'Taken')",
    "service path": "config.add_cornice_service(Service(__name__, '/taken/'))",
    "route": "config.add_cornice_service(Service('taken', '/' + __name__ + '/'))",
}
CLAIMANT = "from courseplatform.api import Service\n\ndef includeme(config):\n    {}\n    {}\n"


@pytest.mark.parametrize("claim", CLAIMS)
@pytest.mark.parametrize("order", [*permutations(["acme_one", "acme_two"])], ids=" ".join)
@pytest.mark.parametrize("first", ["pass", "config.include('acme_two')"])
def test_two_plugins_on_one_spot_are_both_named_with_their_lines(
    claim: str, order: tuple[str, ...], first: str, write: Any, tmp_path: Path
) -> None:
    write(
        acme_one=CLAIMANT.format(first, CLAIMS[claim]),
        acme_two=CLAIMANT.format("pass", CLAIMS[claim]),
    )
    told = refusal(*order)
    assert f"Claimed more than once: {claim}" in told
    for name in order:
        assert f"The plugin {name}" in told
        assert f"{tmp_path / name}.py:5: config.add_" in told


def test_services_that_were_scanned_are_named_with_their_own_lines(write: Any, tmp_path: Path) -> None:
    source = """
    from courseplatform.api import NO_PERMISSION_REQUIRED, Service

    def includeme(config):
        config.scan(__name__)

    taken = Service("{}", "/taken/")
    taken.add_view("GET", lambda request: {{}}, permission=NO_PERMISSION_REQUIRED)
    """
    write(acme_one=source.format("one"), acme_two=source.format("two"))
    told = refusal("acme_one", "acme_two")
    assert f"{tmp_path}/acme_one.py:6: taken = Service(" in told
    assert f"{tmp_path}/acme_two.py:6: taken = Service(" in told


@pytest.mark.parametrize(
    "claim",
    [
        "config.add_resource_node('courseplatform.api.Root', 'courses', 'courseplatform.api.Node')",
        "config.add_setting('database.url')",
        "config.add_problems({'not_found': 'Gone.'})",
        "config.set_security_policy(object())",
        "config.set_default_permission('course:view')",
        "config.set_root_factory(object)",
        "config.add_directive('add_local_role', print)",
        "config.set_identity_source(object())",
    ],
)
def test_nobody_takes_what_is_the_platforms_or_the_accounts(claim: str, write: Any) -> None:
    write(acme=f"def includeme(config):\n    config.include('plugins.courses')\n    {claim}\n")
    told = refusal("acme")
    assert "Claimed more than once" in told
    assert "acme.py:3" in told


def test_a_node_is_not_hidden_by_one_on_a_class_that_derives_from_its_parents(write: Any) -> None:
    write(
        acme="def includeme(config):\n    config.include('plugins.accounts')\n"
        "    config.add_resource_node('plugins.accounts.resources.UserItem', 'x', 'courseplatform.api.Node')\n",
        rival="def includeme(config):\n    config.include('plugins.accounts')\n"
        "    config.add_resource_node('plugins.accounts.resources.Me', 'x', 'courseplatform.api.Node')\n",
    )
    told = refusal("acme", "rival")
    assert "acme.py:3" in told
    assert "rival.py:3" in told


def test_a_plugin_that_commits_by_itself_would_dodge_conflicts(write: Any) -> None:
    write(acme="def includeme(config):\n    config.commit()\n")
    told = refusal("acme")
    assert "acme calls config.commit()" in told
    assert "acme.py:2" in told


VIEWS = {
    "service": "thing = Service('thing', '/thing/')\n\n@thing.get()\ndef show(request):\n    return {}\n",
    "plain view": "def includeme(config):\n    config.add_route('thing', '/thing')\n"
    "    config.add_view(lambda request: {}, route_name='thing')\n",
    "decorated view": "@view_config(route_name='thing')\ndef show(request):\n    return {}\n",
    "cornice service": "more = cornice.Service('more', '/more/')\n\n@more.get()\ndef show(request):\n    return {}\n",
}
SCANNING = """
import cornice
from pyramid.view import view_config
from courseplatform.api import Service

def includeme(config):
    config.add_route('thing', '/thing')
    config.scan('acme')

"""


@pytest.mark.parametrize("kind", VIEWS)
def test_a_view_without_a_permission_is_named_with_its_line(kind: str, write: Any) -> None:
    source = VIEWS[kind] if kind == "plain view" else SCANNING + VIEWS[kind]
    write(acme=source)
    told = refusal("acme")
    assert "permission" in told
    assert "acme" in told
    assert "acme.py:" in told


def test_beneath_that_a_view_without_a_permission_is_closed() -> None:
    def forgetful(config: Configurator) -> None:
        config.add_route("teapot", "/teapot")
        config.add_view(lambda request: {}, route_name="teapot")

    assert Client(build(forgetful)).get("/teapot", status=401).json["code"] == "unauthenticated"


@pytest.mark.parametrize("names", [["acme_one"], ["acme_two"], ["acme_three", "acme_one"]])
def test_plugins_that_include_each_other_in_a_circle_are_named(names: list[str], write: Any) -> None:
    write(
        acme_one="def includeme(config):\n    config.include('acme_two')\n",
        acme_two="def includeme(config):\n    config.include('acme_three')\n",
        acme_three="def includeme(config):\n    config.include('acme_one')\n",
    )
    told = refusal(*names)
    assert "in a circle" in told
    for by, included in (("one", "two"), ("two", "three"), ("three", "one")):
        assert f"acme_{by} includes acme_{included}" in told
        assert f"acme_{by}.py:2: config.include('acme_{included}')" in told


ADDRESSED = """
from courseplatform.api import Collection, Item, Page, Service
from courseplatform.jobs import OutboxJob

class StrayItem(Item):
    model, kind = OutboxJob, "stray"

class Strays(Collection):
    item = StrayItem

def includeme(config):
    config.add_resource_node("courseplatform.api.Root", "strays", Strays)
    config.scan(__name__)

"""
FAULTY_SERVICES = {
    'Service("far", "/strays/{stray_id}/far/")': (
        "/api/strays/{stray_id}/far/ of the plugin acme has no node: beneath acme.StrayItem there is no 'far' "
        "(config.add_resource_node(StrayItem, 'far', …) mounts one)"
    ),
    'Service("far", "/starys/")': "there is no 'starys'",
    'Service("far", "/strays/{stray_id}/{far_id}/")': "beneath acme.StrayItem there are no items (a ",
}


@pytest.mark.parametrize("service", FAULTY_SERVICES)
def test_an_address_that_no_node_carries_is_named_with_its_line(service: str, write: Any) -> None:
    view = "\nfar.add_view('GET', lambda request: {}, permission='stray:view')\n"
    write(acme=f"{ADDRESSED}far = {service}{view}")
    told = refusal("acme")
    assert FAULTY_SERVICES[service] in told
    assert "acme.py:14: far = Service(" in told


@pytest.mark.parametrize("answer", ["OutboxJob", "Page(OutboxJob)"])
def test_a_model_that_a_view_answers_without_a_representation_is_named(answer: str, write: Any) -> None:
    view = f"\nevery.add_view('GET', lambda request: {{}}, permission='stray:view', answer={answer})\n"
    write(acme=ADDRESSED + 'every = Service("strays", "/strays/")' + view)
    told = refusal("acme")
    assert "GET with courseplatform.jobs.outbox.OutboxJob, which config.add_representation makes no JSON of" in told
    assert "acme.py:14" in told


MISSPELT = {
    "config.add_settting('acme.x')": "there is no config.add_settting; did you mean add_setting?",
    "config.add_notification_kin('x', {})": "there is no config.add_notification_kin: no plugin",
    "config.add_jobs('acme.jobbs')": "looking for 'acme.jobbs'; did you mean jobs?",
    "config.add_subscriber('acme.jobs.wrok', 'builtins.int')": "looking for 'acme.jobs.wrok'; did you mean work?",
    "config.add_representation('acme.jobs:Modle', print)": "looking for 'acme.jobs:Modle'; did you mean Model?",
    "config.include('plugins.coursse')": "There is no plugin plugins.coursse",
}


@pytest.mark.parametrize("line", MISSPELT)
def test_what_is_misspelt_is_named_with_its_line_and_what_was_meant(line: str, write: Any) -> None:
    write(
        **{
            "acme/__init__": f"from . import jobs\n\ndef includeme(config):\n    {line}\n",
            "acme/jobs": "Model = 1\n\ndef work(event): pass\n",
        }
    )
    told = refusal("acme")
    assert MISSPELT[line] in told
    assert f"__init__.py:4: {line}" in told


def test_faults_of_settings_are_a_plain_list_and_name_no_line_of_nowhere() -> None:
    with pytest.raises(ConfigurationError) as caught:
        start(**{"accounts.token_secret": "short", "database.pool_size": "many"})
    told = str(caught.value)
    assert told.startswith("The configuration has faults:\n  accounts.token_secret: is a placeholder")
    assert "None" not in told
    assert "Error" not in told


def test_whoever_starts_by_an_ini_file_reads_the_message_and_no_traceback(write: Any) -> None:
    write(acme="def includeme(config):\n    1 / 0\n")
    with pytest.raises(SystemExit, match="The platform does not start") as caught:
        start("acme", with_=serve)
    assert refusal("acme") in str(caught.value)


@pytest.mark.parametrize("program", ["courseplatform jobs list", "courseplatform plugins", "pserve"])
def test_no_program_ends_with_a_traceback(program: str, tmp_path: Path) -> None:
    ini = tmp_path / "faulty.ini"
    ini.write_text("[app:main]\nuse = egg:courseplatform\n[server:main]\nuse = egg:courseplatform\n")
    name, *rest = program.split()
    command = [Path(sys.executable).with_name(name), *rest, ini]
    with without_environment():
        done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert done.returncode == 1
    assert "database.url: is required" in done.stderr
    assert "Traceback" not in done.stderr
    assert name == "pserve" or "pkg_resources" not in done.stderr  # pserve imports Pyramid before it imports us


def test_an_ini_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    command = [Path(sys.executable).with_name("courseplatform"), "jobs", "list", tmp_path / "no.ini"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert done.returncode == 2
    assert "There is no file" in done.stderr


GENEROUS = """
from sqlalchemy import true
from courseplatform.api import NO_PERMISSION_REQUIRED, Node, Service

class Mine(Node):
    pass

peek = Service("peek", "/courses/{course_id}/peek/", facet_of="/courses/{course_id}/")

@peek.get(permission=NO_PERMISSION_REQUIRED)
def show(request):
    return {}

def everybody(user_id, row_id):
    return true()

def tween(handler, registry):
    return handler

def includeme(config):
    config.include("plugins.courses")
    config.add_local_role("plugins.courses.resources.CourseItem", "teacher", everybody)
    config.add_scope("courses:read", permissions=["acme:read"])
    config.add_scope("acme", "Do all", ["session:manage", "acme:read"])
    config.add_resource_node("courseplatform.api.Root", "mine", Mine)
    config.add_resource_node(Mine, "courses", "plugins.courses.resources.Courses")
    config.add_tween("acme.tween")
    config.add_token_prefix("acme_", object())
    config.scan("acme")
"""


def test_what_a_plugin_grants_beyond_its_own_nodes_is_told_at_start_up(
    write: Any, caplog: pytest.LogCaptureFixture
) -> None:
    write(acme=GENEROUS)
    caplog.set_level(logging.INFO, "courseplatform.plugins")
    start("acme")
    assert sorted(record.getMessage() for record in caplog.records if record.name == "courseplatform.plugins") == [
        "acme gives the local role teacher at plugins.courses.resources.CourseItem, by acme.everybody",
        "acme mounts plugins.courses.resources.Courses at acme.Mine/courses, beneath ACLs there",
        "acme opens GET /api/courses/{course_id}/peek/ to everybody",
        "acme opens the permission acme:read to programs with the scope courses:read",
        "acme opens the permission session:manage to programs with the scope acme",
        "acme says who bears a token that begins with acme_",
        "acme stands in the way of every request, as one of the tweens: acme.tween",
    ]


def test_a_plugin_that_keeps_to_its_own_nodes_is_not_told_of(write: Any, caplog: pytest.LogCaptureFixture) -> None:
    write(
        acme="""
        from courseplatform.api import Node

        class Mine(Node):
            pass

        def includeme(config):
            config.include("plugins.courses")
            config.add_resource_node("plugins.courses.resources.CourseItem", "mine", Mine)
            config.add_scope("acme", "See what acme has", ["acme:read"])
            config.add_restriction("plugins.courses.resources.CourseItem", "course:edit", "owner")
        """
    )
    caplog.set_level(logging.INFO, "courseplatform.plugins")
    start("acme")
    assert [record for record in caplog.records if record.name == "courseplatform.plugins"] == []
