"""``deploy/prometheus`` and its page: the tools that come with Prometheus read the one, and both say the same."""

import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
FILES = ROOT / "deploy/prometheus"
PAGE = (ROOT / "docs/operations/monitoring.md").read_text()
FIGURE = re.compile(r"courseplatform_\w+")
#: What a name of a documented family has at its end, in queries.
ENDINGS = re.compile(r"_(bucket|sum|count)$")


def alerts() -> list[dict[str, Any]]:
    groups = yaml.safe_load((FILES / "rules/alerts.yml").read_text())["groups"]
    return [rule for group in groups for rule in group["rules"]]


def told(*command: object) -> str:
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.skipif(shutil.which("promtool") is None, reason="there is no promtool")
def test_the_rules_are_well_formed_and_each_alert_comes_when_it_should() -> None:
    told("promtool", "check", "config", "--syntax-only", FILES / "prometheus.yml")
    told("promtool", "check", "rules", *(FILES / "rules").glob("*.yml"))
    assert "SUCCESS" in told("promtool", "test", "rules", FILES / "tests/alerts.yml")


@pytest.mark.skipif(shutil.which("amtool") is None, reason="there is no amtool")
def test_alertmanager_reads_its_file_and_tells_somebody_of_every_alert() -> None:
    file = FILES / "alertmanager.yml"
    told("amtool", "check-config", file)
    for alert in alerts():
        severity = f"severity={alert['labels']['severity']}"
        receivers = told("amtool", "config", "routes", "test", f"--config.file={file}", severity)
        assert receivers.strip() == "operators", alert["alert"]
    named = {rule["alert"] for rule in alerts()}
    for rule in yaml.safe_load(file.read_text())["inhibit_rules"]:
        for matcher in (*rule["source_matchers"], *rule["target_matchers"]):
            patterns = re.fullmatch(r'alertname=~?"(.+)"', matcher)[1].split("|")  # type: ignore[index]
            assert all(any(re.fullmatch(pattern, name) for name in named) for pattern in patterns), matcher


def test_every_alert_has_a_test_that_it_comes() -> None:
    cases = yaml.safe_load((FILES / "tests/alerts.yml").read_text())["tests"]
    shown = {one["alertname"] for case in cases for one in case["alert_rule_test"] if one["exp_alerts"]}
    assert shown == {rule["alert"] for rule in alerts()}


def test_every_alert_has_its_heading_and_every_heading_its_alert() -> None:
    headings = re.findall(r"^### (\w+)$", PAGE, re.MULTILINE)
    assert headings == [rule["alert"] for rule in alerts()]
    for rule in alerts():
        assert rule["annotations"]["runbook_url"] == f"docs/operations/monitoring.md#{rule['alert'].lower()}"
        assert rule["labels"]["severity"] in ("critical", "warning")


def test_every_figure_that_is_asked_for_is_on_the_page() -> None:
    files = [*(FILES / "rules").glob("*.yml"), *(ROOT / "deploy/grafana/dashboards").glob("*.json")]
    asked = {ENDINGS.sub("", name) for path in files for name in FIGURE.findall(path.read_text())}
    written = {ENDINGS.sub("", name) for name in FIGURE.findall(PAGE)}
    short = {f"courseplatform_database_connections_{name}" for name in ("open", "kept", "limit")}
    assert asked <= written | short


def test_the_dashboards_are_told_apart_and_name_the_source_that_is_provisioned() -> None:
    sources = yaml.safe_load((ROOT / "deploy/grafana/provisioning/datasources/prometheus.yml").read_text())
    uids = {source["uid"] for source in sources["datasources"]}
    boards = [json.loads(path.read_text()) for path in (ROOT / "deploy/grafana/dashboards").glob("*.json")]
    assert len({board["uid"] for board in boards}) == len({board["title"] for board in boards}) == 5
    for board in boards:
        assert f"*{board['title']}*" in PAGE
        assert len({panel["id"] for panel in board["panels"]}) == len(board["panels"])
        assert {panel["datasource"]["uid"] for panel in board["panels"]} <= uids
        places = [panel["gridPos"] for panel in board["panels"]]
        assert all(place["x"] + place["w"] <= 24 for place in places)
