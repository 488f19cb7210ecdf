"""deploy/kubernetes as it would be applied: built by kustomize, valid by Kubernetes' schemas, and what we ask of it."""

import os
import re
import shutil
import subprocess
from functools import cache
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml
from pyramid.paster import get_appsettings

from courseplatform import configure
from courseplatform.cli import main
from courseplatform.testing import without_environment

ROOT = Path(__file__).resolve().parents[2]
KUBERNETES = ROOT / "deploy/kubernetes"
PRODUCTION = KUBERNETES / "overlays/production"
PAGE = ROOT / "docs/operations/kubernetes.md"
#: The oldest that the page names, and the newest whose schemas there are.
VERSIONS = ("1.28", kubernetes_validate.latest_version())
OURS = {"app", "worker", "scheduler", "migrate"}
DRAIN_S = 25  # docs/operations.md, Stopping


@cache
def has_kustomize() -> bool:
    if shutil.which("kubectl") is None:
        return False
    told = subprocess.run(["kubectl", "version", "--client"], capture_output=True, text=True).stdout
    return bool(re.search(r"Kustomize Version: v[5-9]", told))


pytestmark = pytest.mark.skipif(not has_kustomize(), reason="there is no kubectl with kustomize 5")


@cache
def built(folder: Path) -> tuple[dict[str, Any], ...]:
    done = subprocess.run(["kubectl", "kustomize", folder], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0 and not done.stderr, done.stderr  # it warns of what is deprecated
    return tuple(yaml.safe_load_all(done.stdout))


def of_kind(kind: str) -> dict[str, Any]:
    return {one["metadata"]["name"]: one for one in built(PRODUCTION) if one["kind"] == kind}


def pods() -> dict[str, Any]:
    """The template of each component."""
    return {name: one["spec"]["template"] for name, one in (of_kind("Deployment") | of_kind("Job")).items()}


def container(name: str) -> dict[str, Any]:
    (only,) = pods()[name]["spec"]["containers"]
    return only


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("folder", [KUBERNETES / "base", PRODUCTION], ids=lambda folder: folder.name)
def test_what_is_built_is_valid(folder: Path, version: str) -> None:
    for one in built(folder):
        kubernetes_validate.validate(one, version, strict=True)
        assert one["kind"] == "Namespace" or one["metadata"]["namespace"] == "courseplatform"


def test_every_container_is_hardened_and_limited() -> None:
    assert set(pods()) == OURS | {"gateway"}
    for name, template in pods().items():
        spec, only = template["spec"], container(name)
        assert "initContainers" not in spec, name
        assert spec["automountServiceAccountToken"] is False, name
        assert spec["serviceAccountName"] == "courseplatform", name
        assert not {"hostNetwork", "hostPID", "hostIPC"} & set(spec), name
        user = 101 if name == "gateway" else 10001  # the Dockerfile's USER
        of_pod = spec["securityContext"]
        assert (of_pod["runAsNonRoot"], of_pod["runAsUser"], of_pod["runAsGroup"]) == (True, user, user), name
        assert of_pod["seccompProfile"] == {"type": "RuntimeDefault"}, name
        assert only["securityContext"] == {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        }, name
        for what in ("requests", "limits"):
            assert set(only["resources"][what]) == {"cpu", "memory"}, name
        assert not any("hostPath" in volume for volume in spec["volumes"]), name
        for volume in spec["volumes"]:
            assert "sizeLimit" in volume.get("emptyDir", {"sizeLimit": ""}), name
    assert "USER 10001:10001" in (ROOT / "Dockerfile").read_text()
    (account,) = of_kind("ServiceAccount").values()
    assert account["automountServiceAccountToken"] is False
    assert not {"Role", "RoleBinding", "ClusterRole", "ClusterRoleBinding"} & {one["kind"] for one in built(PRODUCTION)}


def test_what_serves_is_probed() -> None:
    for name in pods():
        probes = {key for key in container(name) if key.endswith("Probe")}
        serves = "ports" in container(name)
        assert probes == ({"startupProbe", "readinessProbe", "livenessProbe"} if serves else set()), name
    asked = {
        probe: container("app")[f"{probe}Probe"]["httpGet"]["path"] for probe in ("startup", "readiness", "liveness")
    }
    assert asked == {"startup": "/health/startup", "readiness": "/health/ready", "liveness": "/health/live"}
    assert container("app")["readinessProbe"]["timeoutSeconds"] > 3  # what all checks together may take


def test_who_is_stopped_has_the_time_that_it_takes() -> None:
    settings = environment("app")
    grace = {name: template["spec"].get("terminationGracePeriodSeconds", 30) for name, template in pods().items()}
    delay_s = int(settings["COURSEPLATFORM_SERVER_DRAIN_DELAY_S"])
    ready = container("app")["readinessProbe"]
    assert delay_s >= ready["periodSeconds"]  # by then nobody is led here any more
    assert grace["app"] >= delay_s + DRAIN_S + 5
    assert grace["worker"] >= 60 + 10  # jobs.time_limit_s
    (_, slept) = container("gateway")["lifecycle"]["preStop"]["exec"]["command"]
    longest = re.search(r"proxy_read_timeout (\d+)s;", (ROOT / "deploy/nginx/nginx.conf").read_text())
    assert longest is not None
    assert grace["gateway"] >= int(slept) + int(longest[1])


def test_commands_are_those_that_there_are() -> None:
    for name in OURS:
        program, command, ini, *_ = container(name)["args"]
        assert (program, ini) == ("courseplatform", "production.ini")
        known = {*main.commands, "worker", "scheduler"}
        assert command in known, name


def test_the_image_is_named_in_one_place() -> None:
    images = {container(name)["image"] for name in OURS}
    assert len(images) == 1
    assert re.fullmatch(r"registry\.example\.org/\S+:[\w.]+", images.pop())
    assert re.fullmatch(r"nginx:\d+\.\d+\.\d+-\w+", container("gateway")["image"])
    named = [path for path in KUBERNETES.rglob("*") if path.is_file() and "registry.example.org" in path.read_text()]
    assert named == [PRODUCTION / "kustomization.yaml"]


def environment(name: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for source in container(name)["envFrom"]:
        found |= of_kind("ConfigMap")[source["configMapRef"]["name"]]["data"]
    return found


def secret_keys() -> set[str]:
    """Of the Secret, as the page has it made."""
    return set(re.findall(r"--from-(?:file|literal)=(\w+)", PAGE.read_text()))


def test_secrets_are_files_and_the_page_makes_each_of_them() -> None:
    for name in OURS:
        mounts = {mount["name"]: mount["mountPath"] for mount in container(name)["volumeMounts"]}
        needed = {value for variable, value in environment(name).items() if variable.endswith("_FILE")}
        assert {path.rpartition("/")[0] for path in needed} == {mounts["secrets"]}
        assert {path.rpartition("/")[2] for path in needed} == secret_keys()
        for variable in environment(name):
            assert not re.search(r"(PASSWORD|SECRET|SECRET_ACCESS_KEY|TOKEN|DATABASE_URL|REDIS_URL)$", variable)
    mounted = {
        volume["secret"]["secretName"]
        for template in pods().values()
        for volume in template["spec"]["volumes"]
        if "secret" in volume
    }
    assert mounted == {"courseplatform", "courseplatform-tls"}
    for secret in mounted:
        assert re.search(rf"create secret \w+ {secret}\b", PAGE.read_text())
    assert not of_kind("Secret")  # none is in the repository


def test_the_configuration_that_is_handed_over_has_no_faults(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    values = {"database_url": "postgresql://courses:x@10.20.0.3/courses", "redis_url": "rediss://:x@10.20.0.17:6379/0"}
    for key in secret_keys():
        (tmp_path / key).write_text(values.get(key, f"{key}-0123456789-abcdefghijklmnop-ABCDEF"))
    assert all(environment(name) == environment("app") for name in OURS)
    with without_environment(), monkeypatch.context() as environ:
        for variable, value in environment("app").items():
            environ.setenv(variable, value.replace("/run/secrets/courseplatform", str(tmp_path)))
        settings = configure(get_appsettings(str(ROOT / "production.ini"))).registry.settings
    assert settings["files.url"]  # a pod's own disk goes with it
    assert settings["database.pool_size"] + settings["database.pool_overflow"] == 8


def matches(selector: dict[str, Any], labels: dict[str, str]) -> bool:
    pairs = selector.get("matchLabels", {}).items()
    among = selector.get("matchExpressions", [])
    assert {each["operator"] for each in among} <= {"In"}
    return all(labels.get(key) == value for key, value in pairs) and all(
        labels.get(each["key"]) in each["values"] for each in among
    )


def rules(name: str, direction: str) -> list[dict[str, Any]]:
    """Of all policies for a component. Raises: AssertionError if none says that there are no others."""
    labels = pods()[name]["metadata"]["labels"]
    own = [one["spec"] for one in of_kind("NetworkPolicy").values() if matches(one["spec"]["podSelector"], labels)]
    assert any(direction in spec["policyTypes"] for spec in own)
    return [rule for spec in own if direction in spec["policyTypes"] for rule in spec.get(direction.lower(), ())]


def peers(name: str, direction: str, word: str) -> set[tuple[str, int]]:
    """(who, port) that a component may reach, or be reached by."""
    found = set()
    for rule in rules(name, direction):
        for port in rule["ports"]:
            for peer in rule.get(word, [{}]):
                if "ipBlock" in peer:
                    found.add((peer["ipBlock"]["cidr"], port["port"]))
                elif "namespaceSelector" in peer:
                    (namespace,) = peer["namespaceSelector"]["matchLabels"].values()
                    found.add((namespace, port["port"]))
                elif peer:
                    reached = [
                        other for other in pods() if matches(peer["podSelector"], pods()[other]["metadata"]["labels"])
                    ]
                    found |= {(other, port["port"]) for other in reached}
                else:
                    found.add(("everybody", port["port"]))
    return found


def test_everybody_reaches_just_what_they_need() -> None:
    names = {("kube-system", 53)}
    database, redis = {("10.20.0.0/28", 5432), ("10.20.0.0/28", 6432)}, {("10.20.0.16/28", 6379)}
    internet, mail = {("0.0.0.0/0", 443)}, {("0.0.0.0/0", 587), ("0.0.0.0/0", 465)}
    assert {name: peers(name, "Egress", "to") for name in pods()} == {
        "gateway": names | {("app", 6543)},
        "app": names | database | redis | internet,
        "worker": names | database | redis | internet | mail,
        "scheduler": names | database | redis,
        "migrate": names | database,
    }
    assert {name: peers(name, "Ingress", "from") for name in pods()} == {
        "gateway": {("everybody", 80), ("everybody", 443)},
        "app": {("gateway", 6543), ("monitoring", 6543)},
        "worker": set(),
        "scheduler": set(),
        "migrate": set(),
    }
    for name in pods():  # a stolen way out does not lead to the cloud's own machinery
        for rule in rules(name, "Egress"):
            for peer in rule["to"]:
                if peer.get("ipBlock", {}).get("cidr") == "0.0.0.0/0":
                    assert "169.254.0.0/16" in peer["ipBlock"]["except"]


def test_the_gateway_is_the_way_in_and_leads_to_the_app() -> None:
    services = of_kind("Service")
    assert {name for name, one in services.items() if one["spec"].get("type", "ClusterIP") != "ClusterIP"} == {
        "gateway"
    }
    assert services["gateway"]["spec"]["externalTrafficPolicy"] == "Local"
    ports = {port["name"]: port["containerPort"] for name in ("gateway", "app") for port in container(name)["ports"]}
    for one in services.values():
        assert matches({"matchLabels": one["spec"]["selector"]}, pods()[one["metadata"]["name"]]["metadata"]["labels"])
        assert all(port["targetPort"] in ports for port in one["spec"]["ports"])
    (port,) = services["app"]["spec"]["ports"]
    configuration = next(one["data"] for one in of_kind("ConfigMap").values() if "site.conf" in one["data"])
    assert f"server app:{port['port']};" in configuration["site.conf"]
    for file in ("nginx.conf", "site.conf"):
        assert configuration[file] == (ROOT / "deploy/nginx" / file).read_text()
    paths = {mount["mountPath"]: mount for mount in container("gateway")["volumeMounts"]}
    (tls,) = (volume["secret"] for volume in pods()["gateway"]["spec"]["volumes"] if volume["name"] == "tls")
    for item in tls["items"]:
        assert f"{paths['/etc/nginx/tls']['mountPath']}/{item['path']};" in configuration["site.conf"]


def test_what_runs_is_spread_and_no_drain_of_a_node_takes_it_all() -> None:
    budgets, scaled = of_kind("PodDisruptionBudget"), of_kind("HorizontalPodAutoscaler")["app"]["spec"]
    assert set(budgets) == set(of_kind("Deployment"))
    for name, deployment in of_kind("Deployment").items():
        labels = pods()[name]["metadata"]["labels"]
        assert budgets[name]["spec"]["maxUnavailable"] == 1
        for selector in (
            deployment["spec"]["selector"],
            budgets[name]["spec"]["selector"],
            *(each["labelSelector"] for each in pods()[name]["spec"]["topologySpreadConstraints"]),
        ):
            assert matches(selector, labels), name
            assert [other for other in pods() if matches(selector, pods()[other]["metadata"]["labels"])] == [name]
    # What an autoscaler sets, no manifest sets back at each release.
    assert "replicas" not in of_kind("Deployment")["app"]["spec"]
    assert (scaled["minReplicas"], scaled["maxReplicas"]) == (3, 12)
    assert all(of_kind("Deployment")[name]["spec"]["replicas"] > 1 for name in ("worker", "scheduler", "gateway"))


KUBECTL = """#!/bin/sh
echo "$@" >>"$LOG"
case "$*" in *"get job"*) echo "$ENDED" ;; esac
"""


@pytest.mark.parametrize("ended", ["SuccessCriteriaMet Complete", "FailureTarget Failed"])
def test_a_release_migrates_before_any_new_code_is_there(tmp_path: Path, ended: str) -> None:
    log = tmp_path / "log"
    (tmp_path / "kubectl").write_text(KUBECTL)
    (tmp_path / "kubectl").chmod(0o755)
    environ = {"PATH": f"{tmp_path}:{os.defpath}", "LOG": str(log), "ENDED": ended}
    done = subprocess.run([KUBERNETES / "release.sh"], env=environ, capture_output=True, text=True, timeout=60)
    told = log.read_text().splitlines()
    applied = [line for line in told if line.startswith("apply")]
    selected = [re.search(r"component (notin|in) \((.*)\)", line) for line in applied]
    code = set(of_kind("Deployment"))
    assert told[0] == "--namespace courseplatform delete job migrate --ignore-not-found"
    assert told[1] == applied[0] and selected[0] is not None and selected[0][1] == "notin"
    assert set(selected[0][2].split(", ")) == code
    assert "get job migrate" in told[2]
    if "Failed" in ended:
        assert done.returncode == 1 and len(applied) == 1
        return
    assert done.returncode == 0, done.stderr
    assert told[3] == applied[1] and selected[1] is not None and selected[1][1] == "in"
    assert set(selected[1][2].split(", ")) == code
    assert {line.split()[4] for line in told[4:]} == {f"deployment/{name}" for name in code}
    # Whatever the release needs beside its code has no such label, or is the Job.
    for one in built(PRODUCTION):
        if one["kind"] in ("Namespace", "ServiceAccount", "ConfigMap", "NetworkPolicy", "Job"):
            assert one["metadata"].get("labels", {}).get("app.kubernetes.io/component") not in code
