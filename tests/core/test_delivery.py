"""Continuous delivery without GitLab, an engine or another machine: its lines run, and what they would do is looked at.

Each line of .gitlab-ci.yml's scripts runs in .ci/run, or here with stand-ins for docker, ssh and scp on the PATH. The
stand-ins keep state: a release is judged by what nginx could reach after each of its steps.
"""

import json
import os
import secrets
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
STANDINS = Path(__file__).with_name("standins")
PIPELINE = yaml.safe_load((ROOT / ".gitlab-ci.yml").read_text())
RUN = (ROOT / ".ci/run").read_text().splitlines()
PASSWORD = secrets.token_urlsafe(12)
RELEASE = "deploy/docker/release.sh"


def scripts() -> dict[str, list[str]]:
    """By job, its lines."""
    found = {}
    for name, job in PIPELINE.items():
        if isinstance(job, dict) and "stage" in {**job, **PIPELINE.get(job.get("extends", ""), {})}:
            found[name] = job.get("script") or PIPELINE[job["extends"]]["script"]
    return {name: lines for name, lines in found.items() if not name.startswith(".")}


#: Lines that .ci/run does not have, and the jobs that have them.
HERE = {line: name for name, lines in scripts().items() for line in lines if line not in RUN}


class Machine:
    """Where scripts run: a folder for what the stand-ins keep, and variables such as GitLab sets."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.home = folder / "machine" / "courseplatform"
        self.home.mkdir(parents=True)
        for name in ("docker-compose.yml", "deploy"):
            copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy2
            copy(ROOT / name, self.home / name)
        for name in ("key", "known_hosts"):
            (folder / name).write_text(name)
        self.environ = {
            "PATH": f"{STANDINS}:{Path(sys.executable).parent}:{os.environ['PATH']}",
            "HOME": str(folder),
            "STANDIN": str(folder),
        }

    def run(self, line: str, status: int = 0, where: Path = ROOT, **variables: str) -> str:
        done = subprocess.run(
            line.split(), cwd=where, env={**self.environ, **variables}, capture_output=True, text=True, timeout=60
        )
        assert done.returncode == status, done.stdout + done.stderr
        return done.stdout + done.stderr

    def release(self, image: str, status: int = 0) -> str:
        return self.run(f"{RELEASE} {image}", status, self.home)

    def gitlab(self, line: str, image: str = "registry.test/courses:abc", **variables: str) -> str:
        return self.run(
            line,
            CI_COMMIT_SHA="abc",
            CI_COMMIT_REF_NAME="main",
            CI_REGISTRY="registry.test",
            CI_REGISTRY_USER="ci",
            CI_REGISTRY_PASSWORD=PASSWORD,
            CI_MERGE_REQUEST_IID="301",
            DEPLOY_HOST="deploy@staging.test",
            DEPLOY_KEY=str(self.folder / "key"),
            DEPLOY_KNOWN_HOSTS=str(self.folder / "known_hosts"),
            IMAGE=image,
            **variables,
        )

    def told(self) -> list[dict[str, Any]]:
        """What docker was asked, and what nginx could reach after it."""
        return [json.loads(line) for line in (self.folder / "told.jsonl").read_text().splitlines()]

    def forget(self) -> None:
        (self.folder / "told.jsonl").unlink()

    def images(self, service: str) -> list[str]:
        containers = json.loads((self.folder / "state.json").read_text())["containers"].values()
        return [one["image"] for one in containers if one["service"] == service]

    def env(self) -> dict[str, str]:
        return dict(line.split("=", 1) for line in (self.home / ".env").read_text().splitlines())


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


@pytest.fixture
def serving(machine: Machine) -> Machine:
    """A machine with a release in service."""
    machine.release("courses:1")
    machine.forget()
    return machine


def asked(machine: Machine, *beginning: str) -> list[list[str]]:
    return [one["asked"] for one in machine.told() if one["asked"][: len(beginning)] == list(beginning)]


def test_every_line_of_the_pipeline_runs_in_the_gate_or_here() -> None:
    assert {line.split()[0] for line in HERE} == {".ci/image", ".ci/deploy", ".ci/sbom"}
    in_pipeline = {line for lines in scripts().values() for line in lines}
    assert {line for line in RUN if line.startswith(".ci/")} <= in_pipeline
    for line in in_pipeline:
        assert os.access(ROOT / line.split()[0], os.X_OK), line


def test_nothing_is_put_into_production_or_taken_back_but_by_hand() -> None:
    for name in ("production", "rollback", "stop-review"):
        assert {rule["when"] for rule in PIPELINE[name]["rules"]} == {"manual"}, name
    assert PIPELINE["stages"].index("scan") < PIPELINE["stages"].index("publish") < PIPELINE["stages"].index("deploy")
    assert PIPELINE["review"]["environment"]["on_stop"] == "stop-review"
    for name in ("review", "stop-review", "staging", "production", "rollback"):
        assert PIPELINE[name]["extends"] == ".deploy"


def test_the_first_release_starts_everything(machine: Machine) -> None:
    machine.release("courses:1")
    assert machine.images("app") == ["courses:1"] * 2
    assert machine.images("worker") == machine.images("scheduler") == ["courses:1"]
    assert machine.env() == {"COURSEPLATFORM_IMAGE": "courses:1", "COURSEPLATFORM_IMAGE_BEFORE": ""}


def test_a_release_replaces_its_containers_one_by_one_and_nobody_finds_none(serving: Machine) -> None:
    (serving.home / ".env").write_text("COURSEPLATFORM_MAIL_HOST=smtp.test\n" + (serving.home / ".env").read_text())
    serving.release("courses:2")
    for step in serving.told():
        assert len(step["reached"]) >= 2, step  # as many as before, and
        assert step["gone"] <= 1, step  # nginx finds at most one of them gone: it asks one other
    for service, count in {"app": 2, "worker": 1, "scheduler": 1}.items():
        assert serving.images(service) == ["courses:2"] * count
    names = [" ".join(one["asked"][:2]) for one in serving.told()]
    assert (
        names.index("compose run") < names.index("compose up") < names.index("compose exec") < names.index("stop app1")
    )
    assert asked(serving, "compose", "run") == [["compose", "run", "--rm", "--no-deps", "migrate"]]
    assert serving.env() == {
        "COURSEPLATFORM_MAIL_HOST": "smtp.test",
        "COURSEPLATFORM_IMAGE": "courses:2",
        "COURSEPLATFORM_IMAGE_BEFORE": "courses:1",
    }


def test_a_release_that_does_not_get_healthy_goes_and_the_present_one_never_stops(serving: Machine) -> None:
    (serving.folder / "broken").write_text("courses:2")
    before = serving.env()
    assert "courses:2 does not get healthy; courses:1 goes on" in serving.release("courses:2", status=1)
    assert serving.images("app") == ["courses:1"] * 2
    assert {tuple(step["reached"]) for step in serving.told()} == {("courses:1",) * 2}
    assert serving.env() == before


def test_a_release_whose_migration_fails_changes_nothing(serving: Machine) -> None:
    (serving.folder / "broken").write_text("courses:schema")
    before = serving.env()
    serving.release("courses:schema", status=1)
    assert serving.images("app") == ["courses:1"] * 2
    assert serving.env() == before
    assert not asked(serving, "compose", "up")


def test_going_back_brings_the_image_before_without_touching_the_schema_and_can_be_gone_back_from(
    serving: Machine,
) -> None:
    serving.release("courses:2")
    serving.forget()
    for back, image in (("--back", "courses:1"), ("--back", "courses:2")):
        serving.release(back)
        assert serving.images("app") == [image] * 2
        assert serving.images("worker") == [image]
        assert serving.env()["COURSEPLATFORM_IMAGE"] == image
    assert not asked(serving, "compose", "run")
    assert all(len(step["reached"]) >= 2 and step["gone"] <= 1 for step in serving.told())


def test_the_same_image_again_does_not_forget_the_one_before(serving: Machine) -> None:
    serving.release("courses:2")
    serving.release("courses:2")
    assert serving.env()["COURSEPLATFORM_IMAGE_BEFORE"] == "courses:1"


def test_there_may_be_nothing_to_go_back_to(serving: Machine) -> None:
    assert "no image to go back to" in serving.release("--back", status=1)


def test_dockers_own_compose_knows_whatever_a_release_asks_of_it(serving: Machine) -> None:
    serving.release("courses:2")
    given = {"COURSEPLATFORM_HTTP_BASE_URL": "x", "COURSEPLATFORM_MAIL_HOST": "x", "COURSEPLATFORM_MAIL_SENDER": "x"}
    for call in {tuple(one["asked"][1:]) for one in serving.told() if one["asked"][0] == "compose"}:
        done = subprocess.run(
            [Path(sys.executable).with_name("docker-compose"), *call],
            cwd=serving.home,
            env={"PATH": os.defpath, "DOCKER_HOST": "unix:///nowhere", "HOME": str(serving.folder), **given},
            capture_output=True,
            text=True,
        )
        assert "connect to the docker" in done.stderr.lower(), (call, done.stderr)


@pytest.mark.parametrize("line", [line for line in HERE if line.startswith(".ci/deploy")])
def test_a_line_that_deploys_does_so_on_the_machine_that_is_named(line: str, machine: Machine) -> None:
    if line == ".ci/deploy back":
        for image in ("courses:1", "courses:2"):
            machine.release(image)
    if line == ".ci/deploy stop-review":
        machine.gitlab(".ci/deploy review")
    machine.gitlab(line)
    log = (machine.folder / "ssh.log").read_text()
    assert "deploy@staging.test" in log
    assert f"UserKnownHostsFile {machine.folder}/known_hosts" in log
    if line == ".ci/deploy release":
        assert machine.images("app") == ["registry.test/courses:abc"] * 2
    if line == ".ci/deploy back":
        assert machine.images("app") == ["courses:1"] * 2


def test_a_review_is_a_platform_of_its_own_whose_administrator_has_a_password_of_its_own(machine: Machine) -> None:
    machine.gitlab(".ci/deploy review")
    review = machine.folder / "machine/reviews/301"
    told = (ROOT / "review.env").read_text()
    (ROOT / "review.env").unlink()
    assert told == "REVIEW_ADDRESS=staging.test:20301\n"
    password = (review / "secrets/admin_password").read_text()
    assert (machine.folder / "typed").read_text().split() == [password] * 2
    assert password not in (machine.folder / "told.jsonl").read_text()
    # Once more: the same platform, with the next image.
    machine.gitlab(".ci/deploy review", image="courses:2")
    (ROOT / "review.env").unlink()
    assert machine.images("app") == ["courses:2"] * 2
    assert (review / "secrets/admin_password").read_text() == password
    compose = subprocess.run(
        [Path(sys.executable).with_name("docker-compose"), "--profile", "*", "config", "--format", "json"],
        cwd=review,
        env={"PATH": os.defpath, "HOME": "/nonexistent"},
        capture_output=True,
        text=True,
    )
    config = json.loads(compose.stdout)
    assert config["name"] == "review-301"
    assert config["services"]["nginx"]["ports"][0]["published"] == "20301"
    environ = config["services"]["app"]["environment"]
    assert environ["COURSEPLATFORM_SERVER_TRUSTED_PROXY"] == "10.77.45.2"
    assert environ["COURSEPLATFORM_MAIL_HOST"] == ""
    machine.gitlab(".ci/deploy stop-review")
    assert not review.exists()
    assert asked(machine, "compose", "down")


@pytest.mark.parametrize("line", [line for line in HERE if line.startswith(".ci/image")])
def test_a_line_about_the_image_asks_for_that_of_this_commit(line: str, machine: Machine) -> None:
    machine.gitlab(line)
    if line == ".ci/image scan":
        assert "--input image.tar" in (machine.folder / "trivy.log").read_text()
        assert "--exit-code 1" in (machine.folder / "trivy.log").read_text()
        return
    told = (machine.folder / "told.jsonl").read_text()
    assert "registry.test/courses:abc" in told
    assert PASSWORD not in told


def test_scripts_are_well_made() -> None:
    scripts = [*(ROOT / ".ci").iterdir(), *(ROOT / "deploy/docker").glob("*.sh"), *STANDINS.glob("s*")]
    shells = [path for path in scripts if path.is_file() and "sh" in path.read_text().splitlines()[0]]
    done = subprocess.run(
        [Path(sys.executable).with_name("shellcheck"), *shells], capture_output=True, text=True, cwd=ROOT
    )
    assert done.returncode == 0, done.stdout


def test_squawk_finds_what_would_hold_up_a_platform_in_use(tmp_path: Path) -> None:
    path = tmp_path / "9999.sql"
    path.write_text(
        "SET lock_timeout = '500ms';\nBEGIN;\nALTER TABLE courses ALTER COLUMN title SET NOT NULL;\nCOMMIT;\n"
    )
    done = subprocess.run([Path(sys.executable).with_name("squawk"), path], capture_output=True, text=True, cwd=ROOT)
    assert done.returncode == 1
    assert "adding-not-nullable-field" in done.stdout
