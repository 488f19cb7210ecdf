"""``deploy/elk`` and the profile ``logs`` of docker-compose.yml: that their parts belong together. Elasticsearch,
Logstash, Kibana and Filebeat can't be installed here; ``setup.sh`` runs against a server that notes what it is told,
and what the platform writes is held against the mapping by ``functional/test_logs.py``.
"""

import json
import re
import shutil
import subprocess
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import yaml

from courseplatform.logs import ecs
from tests.core.elk import FOLDER, faults, fits, mapped, read
from tests.core.test_containers import GIVEN, ROOT, make_secrets, run

ECS_PACKAGE = "@elastic/ecs@9.4.0"
#: Types of ECS in whose place another holds as much: ``flattened`` takes any key without growing the mapping.
AS_GOOD = {("object", "flattened"), ("keyword", "wildcard"), ("wildcard", "keyword")}
PROFILE = {"elasticsearch", "logs-setup", "logstash", "kibana", "views-setup", "filebeat"}


@pytest.fixture(scope="module")
def compose() -> Any:
    done = run("docker-compose", "--profile", "logs", "config", "--format", "json", **GIVEN)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.fixture(scope="module")
def services(compose: Any) -> Any:
    return {name: service for name, service in compose["services"].items() if service.get("profiles") == ["logs"]}


@pytest.fixture(scope="module")
def views() -> list[dict[str, Any]]:
    return [json.loads(line) for line in (FOLDER / "kibana.ndjson").read_text().splitlines()]


# Fields


def test_every_field_that_code_may_name_is_mapped() -> None:
    assert ecs.OWN_FIELDS - mapped().keys() == set()


def test_every_field_of_nginx_access_log_is_mapped() -> None:
    text = (ROOT / "deploy/nginx/nginx.conf").read_text()
    log_format = re.search(r"log_format ecs escape=json(.*?);\n", text, re.DOTALL)
    assert log_format is not None
    names = re.findall(r'"([\w.@]+)":', log_format[1])
    assert "nginx.upstream.status" in names and set(names) - mapped().keys() == set()


def test_no_field_is_an_object_and_a_value_at_once() -> None:
    names = mapped().keys()
    assert not [(one, other) for one in names for other in names if other.startswith(f"{one}.")]


@pytest.mark.parametrize(
    ("kind", "good", "bad"),
    [
        ("keyword", "x", 1), ("long", 5, "5"), ("long", 5, 1.5), ("long", 5, True), ("double", 0.5, "0.5"),
        ("ip", "2001:db8::1", "unknown"), ("date", "2026-01-01T00:00:00.000Z", "2026-01-01T00:00:00"),
        ("flattened", {"a": "b"}, {"a": {"b": "c"}}), ("long", 5, 2**63),
    ],
)  # fmt: skip
def test_a_value_that_does_not_fit_is_found(kind: str, good: Any, bad: Any) -> None:
    assert fits(kind, good) and not fits(kind, bad)
    assert faults([{"no.such.field": "x"}]) == {"no.such.field is 'x', and mapped as None"}


def test_names_and_types_are_those_that_ecs_publishes(tmp_path: Path) -> None:
    """Beside the platform's own and nginx' own, which ECS leaves to everybody."""
    if shutil.which("npm") is None:
        pytest.skip("npm is not installed")
    done = subprocess.run(["npm", "pack", ECS_PACKAGE], cwd=tmp_path, capture_output=True, timeout=60)
    if done.returncode:
        pytest.skip("npm's registry is out of reach")
    subprocess.run("tar xzf *.tgz", shell=True, cwd=tmp_path, check=True)
    script = (
        "const {EcsFlat} = require('./package'); const out = {}; for (const k in EcsFlat) out[k] = EcsFlat[k].type;"
    )
    told = subprocess.run(
        ["node", "-e", script + "console.log(JSON.stringify(out))"], cwd=tmp_path, capture_output=True, check=True
    )
    published: dict[str, str] = json.loads(told.stdout)
    for name, kind in mapped().items():
        if not name.startswith(("courseplatform.", "nginx.", "data_stream.")):
            assert published.get(name) == kind or (published.get(name), kind) in AS_GOOD, name


# The way of a line


def test_what_filebeat_hands_on_goes_where_logstash_listens() -> None:
    filebeat = yaml.safe_load((FOLDER / "filebeat.yml").read_text())
    pipeline = (FOLDER / "pipeline.conf").read_text()
    (host,) = filebeat["output.logstash"]["hosts"]
    port = re.search(r"beats \{\s*port => (\d+)", pipeline)
    assert port is not None and host == f"logstash:{port[1]}"
    assert pipeline.count("{") == pipeline.count("}")


def test_filebeat_takes_our_lines_and_those_of_nginx_and_no_others() -> None:
    """PostgreSQL's and Redis' lines may hold values."""
    filebeat = yaml.safe_load((FOLDER / "filebeat.yml").read_text())
    (pattern,) = (
        processor["drop_event"]["when"]["not"]["regexp"]["event.dataset"]
        for processor in filebeat["processors"]
        if "drop_event" in processor
    )
    ours = re.findall(r'"event.dataset": "([\w.]+)"', "".join(
        path.read_text() for path in (ROOT / "courseplatform").rglob("*.py")
    ))  # fmt: skip
    assert {"courseplatform.access", "courseplatform.audit", "courseplatform.job", "courseplatform.log"} == set(ours)
    for dataset in (*ours, "nginx.access"):
        assert re.search(pattern, dataset)
    for dataset in ("", "elasticsearch.server", "nginx.error", "xcourseplatform.log"):
        assert not re.search(pattern, dataset)


def test_each_data_stream_has_its_template_its_retention_and_a_writer() -> None:
    written = set(re.findall(r'data_stream_dataset => "([\w.]+)"', (FOLDER / "pipeline.conf").read_text()))
    streams = {f"logs-{dataset}-" for dataset in written}
    assert streams == {"logs-courseplatform-", "logs-courseplatform.audit-"}
    patterns = set()
    for name in ("logs", "audit"):
        template = read(f"index-template-{name}.json")
        assert template["composed_of"] == ["courseplatform-fields"] and template["data_stream"] == {}
        assert template["template"]["settings"]["index.lifecycle.name"] == f"courseplatform-{name}"
        assert template["priority"] > 200  # of the templates that Elasticsearch brings along for logs-*-*
        assert "delete" in read(f"ilm-{name}.json")["policy"]["phases"]
        patterns |= set(template["index_patterns"])
    assert patterns == {f"{stream}*" for stream in streams} == set(read("role.json")["indices"][0]["names"])


# Kibana's saved views


def fields_of(query: str) -> set[str]:
    return set(re.findall(r"([\w.@]+) ?(?::|[<>])", re.sub(r'"[^"]*"', '""', query)))


def test_saved_views_name_only_fields_that_are_mapped(views: list[dict[str, Any]]) -> None:
    known = mapped().keys()
    used = set()
    for view in views:
        attributes = view["attributes"]
        source = json.loads(attributes.get("kibanaSavedObjectMeta", {}).get("searchSourceJSON", "{}"))
        used |= fields_of(source.get("query", {}).get("query", "")) | set(attributes.get("columns", ()))
        used |= {one for one, _ in attributes.get("sort", ())} | {attributes.get("timeFieldName", "@timestamp")}
        used |= set(json.loads(attributes.get("fieldFormatMap", "{}")))
        for aggregation in json.loads(attributes.get("visState", "{}")).get("aggs", ()):
            used |= {aggregation["params"][key] for key in ("field",) if key in aggregation["params"]}
    assert {"event.duration", "http.request.id", "error.type"} <= used
    assert used - known == set()


def test_every_reference_of_a_saved_view_leads_to_one(views: list[dict[str, Any]]) -> None:
    there = {(view["type"], view["id"]) for view in views}
    assert len(there) == len(views)
    for view in views:
        assert {(one["type"], one["id"]) for one in view["references"]} <= there
        panels = json.loads(view["attributes"].get("panelsJSON", "[]"))
        names = {f"{panel['panelIndex']}:{panel['panelRefName']}" for panel in panels}
        assert not panels or names == {one["name"] for one in view["references"]}
    assert {kind for kind, _ in there} == {"index-pattern", "search", "visualization", "dashboard"}


def test_the_data_view_covers_both_data_streams(views: list[dict[str, Any]]) -> None:
    (view,) = [view for view in views if view["type"] == "index-pattern"]
    assert set(view["attributes"]["title"].split(",")) == set(read("role.json")["indices"][0]["names"])


# What setup.sh tells the servers


class Noting(BaseHTTPRequestHandler):
    def answer(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.told.append((self.command, self.path, self.headers, body))  # type: ignore[attr-defined]
        status, said = self.server.answers  # type: ignore[attr-defined]
        self.send_response(status)
        self.end_headers()
        self.wfile.write(said)

    do_PUT = do_POST = answer  # noqa: N815

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture
def noting() -> Iterator[Any]:
    server: Any = ThreadingHTTPServer(("127.0.0.1", 0), Noting)
    server.told, server.answers = [], (200, b'{"success":true}')
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def set_up(noting: Any, tmp_path: Path, what: str) -> subprocess.CompletedProcess[str]:
    make_secrets(tmp_path / "secrets")
    url = f"http://127.0.0.1:{noting.server_address[1]}"
    environ = {"PATH": "/usr/bin:/bin", "ELASTICSEARCH": url, "KIBANA": url, "SECRETS": str(tmp_path / "secrets")}
    return subprocess.run(
        ["sh", FOLDER / "setup.sh", what], env=environ, capture_output=True, text=True, timeout=30, check=False
    )


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
def test_elasticsearch_is_told_retention_then_fields_then_templates_then_who_writes(
    noting: Any, tmp_path: Path
) -> None:
    done = set_up(noting, tmp_path, "elasticsearch")
    assert done.returncode == 0, done.stderr
    assert [f"{method} {path}" for method, path, *_ in noting.told] == [
        "PUT /_ilm/policy/courseplatform-logs",
        "PUT /_ilm/policy/courseplatform-audit",
        "PUT /_component_template/courseplatform-fields",
        "PUT /_index_template/courseplatform-logs",
        "PUT /_index_template/courseplatform-audit",
        "PUT /_security/role/courseplatform_logs",
        "PUT /_security/user/courseplatform_logs",
        "POST /_security/user/kibana_system/_password",
    ]
    secrets = {path.name: path.read_text().strip() for path in (tmp_path / "secrets").iterdir()}
    bodies = [json.loads(body) for *_, body in noting.told]
    assert bodies[-2] == {"password": secrets["logstash_password"], "roles": ["courseplatform_logs"]}
    assert bodies[-1] == {"password": secrets["kibana_password"]}
    assert all(headers["Authorization"].startswith("Basic ") for *_, headers, _ in noting.told)
    assert not any(secret in done.stdout + done.stderr for secret in secrets.values() if len(secret) > 20)


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
def test_kibana_is_given_the_saved_views(noting: Any, tmp_path: Path) -> None:
    assert set_up(noting, tmp_path, "kibana").returncode == 0
    ((_, path, headers, body),) = noting.told
    assert path == "/api/saved_objects/_import?overwrite=true" and headers["kbn-xsrf"]
    assert (FOLDER / "kibana.ndjson").read_bytes() in body


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
@pytest.mark.parametrize("answer", [(500, b"{}"), (200, b'{"success":false}')], ids=["500", "not imported"])
def test_a_server_that_refuses_ends_the_setup(noting: Any, tmp_path: Path, answer: Any) -> None:
    noting.answers = answer
    assert set_up(noting, tmp_path, "kibana").returncode != 0
    if answer[0] == 500:
        assert set_up(noting, tmp_path, "elasticsearch").returncode != 0


# docker-compose.yml


def test_the_profile_is_hardened_limited_and_pinned_like_the_rest(services: Any) -> None:
    assert set(services) == PROFILE
    for name, service in services.items():
        assert service["read_only"] is True and service["cap_drop"] == ["ALL"], name
        assert service["security_opt"] == ["no-new-privileges:true"], name
        assert {"cpus", "memory", "pids"} <= set(service["deploy"]["resources"]["limits"]), name
        assert re.search(r":\d+\.\d+\.\d+$", service["image"]) and service["user"] and "healthcheck" in service, name
        assert not any("docker.sock" in str(volume) for volume in service.get("volumes", ())), name
    assert len({service["image"].rpartition(":")[2] for service in services.values()}) == 1


def test_kibana_alone_has_a_port_and_only_for_this_machine(compose: Any, services: Any) -> None:
    ports = {name: service["ports"] for name, service in services.items() if "ports" in service}
    assert [(name, port["host_ip"], port["target"]) for name, (port,) in ports.items()] == [
        ("kibana", "127.0.0.1", 5601)
    ]
    assert compose["networks"]["logs"]["internal"] is True
    for name, service in services.items():
        assert set(service["networks"]) == ({"logs", "logs-front"} if name == "kibana" else {"logs"}), name


def test_they_start_in_order_by_health(services: Any) -> None:
    waits = {
        name: {other: how["condition"] for other, how in service.get("depends_on", {}).items()}
        for name, service in services.items()
    }
    assert waits == {
        "elasticsearch": {},
        "logs-setup": {"elasticsearch": "service_healthy"},
        "logstash": {"logs-setup": "service_completed_successfully"},
        "kibana": {"logs-setup": "service_completed_successfully"},
        "views-setup": {"kibana": "service_healthy"},
        "filebeat": {"logstash": "service_healthy"},
    }


def test_their_secrets_are_files_that_are_made(services: Any, tmp_path: Path) -> None:
    made = make_secrets(tmp_path / "secrets")
    for name, service in services.items():
        mounted = {secret["source"] for secret in service.get("secrets", ())}
        assert mounted <= made.keys(), name
        asked = set(re.findall(r"/run/secrets/(\w+)", json.dumps(service.get("entrypoint", []))))
        asked |= set(re.findall(r"/run/secrets/(\w+)", json.dumps(service["healthcheck"])))
        if not name.endswith("-setup"):
            assert asked == mounted, name
        for variable in service.get("environment", {}):
            assert not re.search("password|secret|key", variable, re.IGNORECASE), name
    assert len(made["kibana_key"].strip()) >= 32  # Kibana asks for that


def test_what_is_mounted_is_there(services: Any) -> None:
    for service in services.values():
        for volume in service.get("volumes", ()):
            if volume["type"] == "bind" and str(ROOT) in volume["source"]:
                assert Path(volume["source"]).exists() and volume["read_only"] is True
