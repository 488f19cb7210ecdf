"""What needs no Docker engine of the Dockerfile and of docker-compose.yml: Docker's compose reads, hadolint and
published schemas check them, and the commands in them run. The image is in functional/test_image.py, what GitLab does
with it in test_delivery.py.
"""

import json
import os
import re
import stat
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
import redis
import yaml
from pyramid.paster import get_appsettings

from courseplatform import configure
from courseplatform.testing import without_environment
from tests.redis_server import BINARY, RedisServer
from tests.s3_server import S3Server

ROOT = Path(__file__).resolve().parents[2]
GIVEN = {
    "COURSEPLATFORM_HTTP_BASE_URL": "https://courses.test",
    "COURSEPLATFORM_MAIL_HOST": "smtp.test",
    "COURSEPLATFORM_MAIL_SENDER": "Courses <courses@courses.test>",
}
OURS = {"app", "worker", "scheduler", "migrate", "bucket", "backup"}
ONCE = {"migrate", "bucket", "backup", "logs-setup", "views-setup"}


def run(name: str, *arguments: Any, **environ: str) -> subprocess.CompletedProcess[str]:
    """A program of the virtual environment."""
    return subprocess.run(
        [Path(sys.executable).with_name(name), *arguments],
        cwd=ROOT,
        env={"PATH": os.defpath, "HOME": "/nonexistent", **environ},
        capture_output=True,
        text=True,
        timeout=60,
    )


def configured(environ: dict[str, str]) -> Any:
    """The typed settings of ``production.ini`` with these variables."""
    with without_environment(), pytest.MonkeyPatch.context() as patch:
        for variable, value in environ.items():
            patch.setenv(variable, value)
        return configure(get_appsettings(str(ROOT / "production.ini"))).registry.settings


@pytest.fixture(scope="module")
def services() -> Any:
    return composed()["services"]


def composed() -> Any:
    done = run("docker-compose", "--profile", "*", "config", "--format", "json", **GIVEN)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_the_dockerfile_is_well_made() -> None:
    done = run("hadolint", "Dockerfile")
    assert (done.returncode, done.stdout) == (0, "")


@pytest.mark.parametrize(
    "checked",
    [
        ("vendor.compose-spec", "docker-compose.yml"),
        ("vendor.compose-spec", "deploy/docker/review.yml"),
        ("vendor.gitlab-ci", "--data-transform=gitlab-ci", ".gitlab-ci.yml"),
    ],
    ids=lambda checked: checked[-1],
)
def test_what_is_published_of_the_format_is_kept(checked: tuple[str, ...]) -> None:
    done = run("check-jsonschema", "--builtin-schema", *checked)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("missing", GIVEN)
def test_compose_asks_for_what_it_can_not_know(missing: str) -> None:
    done = run("docker-compose", "config", "--quiet", **{name: GIVEN[name] for name in GIVEN if name != missing})
    assert done.returncode != 0
    assert missing in done.stderr


def test_nginx_alone_can_be_reached_and_what_needs_no_internet_has_none(services: Any) -> None:
    reached = {name: service["ports"] for name, service in services.items() if service.get("ports")}
    assert set(reached) == {"nginx", "grafana", "kibana"}
    assert [port["host_ip"] for port in reached["grafana"]] == ["127.0.0.1"]
    inside = {name for name, network in composed()["networks"].items() if network.get("internal")}
    assert inside == {"back", "monitoring", "logs"}
    assert {name for name, service in services.items() if set(service["networks"]) - inside} == {
        "nginx",
        "app",
        "worker",
        "backup",
        "alertmanager",
        "grafana",
        "kibana",
    }
    assert {name for name, service in services.items() if "monitoring" in service["networks"]} == {
        "app",
        "prometheus",
        "alertmanager",
        "grafana",
    }
    assert set(services["nginx"]["networks"]) == {"front"}
    address = services["nginx"]["networks"]["front"]["ipv4_address"]
    assert services["app"]["environment"]["COURSEPLATFORM_SERVER_TRUSTED_PROXY"] == address


def test_every_container_is_hardened_limited_and_pinned(services: Any) -> None:
    for name, service in services.items():
        assert service["read_only"] is True, name
        assert service["cap_drop"] == ["ALL"], name
        assert service["security_opt"] == ["no-new-privileges:true"], name
        assert {"cpus", "memory", "pids"} <= set(service["deploy"]["resources"]["limits"]), name
        assert re.search(r":\D*\d+\.\d+|:RELEASE\.\d{4}", service["image"]), name
        # Ours: the Dockerfile's USER. MinIO's volume is root's, which has no capability here.
        assert service.get("user") or name in OURS | {"s3"}, name
        assert "healthcheck" in service or name == "app", name  # app: the Dockerfile's
        assert service["restart"] == ("no" if name in ONCE else "unless-stopped"), name


def test_everything_waits_for_what_it_needs(services: Any) -> None:
    def waits(name: str) -> dict[str, str]:
        return {other: how["condition"] for other, how in services[name]["depends_on"].items()}

    ready = {"migrate": "service_completed_successfully", "postgres": "service_healthy", "redis": "service_healthy"}
    for name in ("app", "worker", "scheduler"):
        assert ready.items() <= waits(name).items()
    assert waits("migrate") == {"postgres": "service_healthy"}
    assert waits("nginx") == {"app": "service_healthy"}


def test_no_secret_is_in_an_environment_and_those_of_the_platform_are_files(services: Any) -> None:
    for service in services.values():
        for name in service.get("environment", {}):
            assert not re.search(r"(PASSWORD|SECRET|SECRET_ACCESS_KEY|_URL)$", name) or name in (
                "COURSEPLATFORM_HTTP_BASE_URL",
                "COURSEPLATFORM_FILES_URL",
            )
    environ = services["app"]["environment"]
    mounted = {f"/run/secrets/{secret['source']}" for secret in services["app"]["secrets"]}
    assert {path for name, path in environ.items() if name.endswith("_FILE") and path != "/tmp/beat"} == mounted


def make_secrets(folder: Path) -> dict[str, str]:
    subprocess.run([ROOT / "deploy/docker/make-secrets.sh", folder], check=True)
    return {path.name: path.read_text() for path in folder.iterdir()}


def test_the_secrets_are_made_once_and_belong_together(tmp_path: Path, services: Any) -> None:
    folder = tmp_path / "secrets"
    first, made = (make_secrets(folder) for _ in range(2))
    assert made == first
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert all(stat.S_IMODE(path.stat().st_mode) == 0o444 for path in folder.iterdir())
    needed = {secret["source"] for service in services.values() for secret in service.get("secrets", ())}
    assert needed - set(made) == {"tls_certificate", "tls_key"}
    assert made["postgres_password"].strip() in made["database_url"]
    assert made["redis_password"].strip() in made["redis_url"]
    apart = ("token_secret", "postgres_password", "redis_password", "metrics_token", "grafana_password")
    assert len({made[name] for name in apart}) == len(apart)


@pytest.mark.parametrize("files", [[], ["-f", "docker-compose.yml", "-f", "deploy/docker/review.yml"]], ids=len)
def test_the_configuration_that_compose_hands_over_has_no_faults(tmp_path: Path, files: list[str]) -> None:
    made = make_secrets(tmp_path)
    done = run("docker-compose", *files, "--profile", "*", "config", "--format", "json", **GIVEN)
    for name in OURS - ({"backup"} if files else set()):
        environ = json.loads(done.stdout)["services"][name]["environment"]
        settings = configured({key: value.replace("/run/secrets", str(tmp_path)) for key, value in environ.items()})
        assert settings["accounts.token_secret"] == made["token_secret"].strip()
        assert settings["database.url"].endswith("@postgres/courseplatform")
        assert settings["files.url"] is None
        assert settings["metrics.token"] == made["metrics_token"].strip()


@pytest.mark.parametrize("name", ["worker", "scheduler"])
def test_who_serves_nothing_is_healthy_while_it_beats(name: str, services: Any, tmp_path: Path) -> None:
    kind, check = services[name]["healthcheck"]["test"]
    assert kind == "CMD-SHELL"
    path = tmp_path / "beat"
    assert "COURSEPLATFORM_JOBS_BEAT_PATH" in services[name]["environment"]

    def is_healthy() -> bool:
        environ = {"PATH": os.defpath, "COURSEPLATFORM_JOBS_BEAT_PATH": str(path)}
        line = ["sh", "-c", check.replace("$$", "$")]
        return subprocess.run(line, env=environ, capture_output=True).returncode == 0

    assert not is_healthy()
    path.touch()
    assert is_healthy()
    os.utime(path, (time.time() - 180,) * 2)
    assert not is_healthy()


@pytest.mark.skipif(BINARY is None, reason="there is no redis-server")
def test_redis_starts_as_compose_starts_it_with_its_password_and_keeps_what_it_has(
    tmp_path: Path, services: Any
) -> None:
    (tmp_path / "password").write_text("kept-by-nobody\n")
    port = RedisServer(tmp_path).port

    def here(text: str) -> str:
        text = text.replace("$$", "$").replace("/run/secrets/redis_password", str(tmp_path / "password"))
        return text.replace("/tmp/redis.conf", str(tmp_path / "redis.conf")).replace("--dir /data", f"--dir {tmp_path}")

    *shell, script = services["redis"]["command"]
    _, check = services["redis"]["healthcheck"]["test"]
    url = f"redis://:kept-by-nobody@127.0.0.1:{port}/0"
    for start in (1, 2):
        server = subprocess.Popen([*shell, here(script).rstrip() + f" --port {port}"], stdout=subprocess.DEVNULL)
        try:
            until = time.monotonic() + 10
            is_well = ["sh", "-c", here(check).replace("redis-cli", f"redis-cli -p {port}")]
            while subprocess.run(is_well, stderr=subprocess.DEVNULL).returncode:
                assert time.monotonic() < until
                time.sleep(0.1)
            with pytest.raises(redis.AuthenticationError), redis.Redis(port=port) as stranger:
                stranger.ping()
            with redis.Redis.from_url(url) as client:
                assert client.incr("starts") == start
                assert client.config_get("maxmemory-policy")["maxmemory-policy"] == "noeviction"
                assert client.config_get("appendonly")["appendonly"] == "yes"
        finally:
            server.terminate()
            assert server.wait(timeout=10) == 0


def test_the_bucket_is_made_by_what_compose_runs_and_once(services: Any) -> None:
    server = S3Server()
    try:
        environ = {
            "DATABASE_URL": "postgresql://nobody@nowhere/nothing",
            "REDIS_URL": "redis://nowhere",
            "COURSEPLATFORM_ACCOUNTS_TOKEN_SECRET": "0123456789-abcdefghijklmnop-ABCDEF",
            "COURSEPLATFORM_FILES_URL": "s3://made-by-compose",
            "COURSEPLATFORM_FILES_S3_ENDPOINT": server.url,
            "COURSEPLATFORM_FILES_S3_PATH_STYLE": "true",
            "COURSEPLATFORM_FILES_S3_ACCESS_KEY_ID": "nobody",
            "COURSEPLATFORM_FILES_S3_SECRET_ACCESS_KEY": "kept by nobody",
            **GIVEN,
        }
        for _ in range(2):
            done = run(*services["bucket"]["command"], **environ)
            assert done.returncode == 0, done.stderr
            assert "made-by-compose" in [one["Name"] for one in server.client.list_buckets()["Buckets"]]
    finally:
        server.stop()


def test_those_who_watch_find_each_other_their_files_and_their_secrets(services: Any) -> None:
    """Every address and every path in ``deploy/prometheus`` and ``deploy/grafana`` is one that compose makes."""
    scraping = yaml.safe_load((ROOT / "deploy/prometheus/prometheus.yml").read_text())
    (platform, _), (notified,) = scraping["scrape_configs"], scraping["alerting"]["alertmanagers"]
    sources = yaml.safe_load((ROOT / "deploy/grafana/provisioning/datasources/prometheus.yml").read_text())
    named = [platform["dns_sd_configs"][0]["names"][0], notified["static_configs"][0]["targets"][0].split(":")[0]]
    named += [re.match(r"http://(\w+):\d+", source["url"])[1] for source in sources["datasources"]]  # type: ignore[index]
    assert all("monitoring" in services[name]["networks"] for name in named)
    files = {"prometheus": "prometheus.yml", "alertmanager": "alertmanager.yml"}
    for name, file in files.items():
        wanted = re.findall(r"/run/secrets/(\w+)", (ROOT / "deploy/prometheus" / file).read_text())
        assert wanted == [secret["source"] for secret in services[name]["secrets"]], name
    (provider,) = yaml.safe_load((ROOT / "deploy/grafana/provisioning/dashboards/dashboards.yml").read_text())[
        "providers"
    ]
    mounted = {volume["target"]: volume for volume in services["grafana"]["volumes"]}
    assert Path(mounted[provider["options"]["path"]]["source"]) == ROOT / "deploy/grafana/dashboards"
    assert all(volume.get("read_only") for target, volume in mounted.items() if target.startswith("/etc/"))
