"""A real Prometheus with the files of ``deploy/prometheus``; only addresses, pace and the token's place are others."""

import shutil
import subprocess
import time
from pathlib import Path
from typing import Any

import requests
import yaml

from tests.functional.platform import ROOT, free_port

BINARY = shutil.which("prometheus")
FILES = ROOT / "deploy" / "prometheus"


class Prometheus:
    """It scrapes the platform at ``target``, ``host:port``."""

    def __init__(self, folder: Path, target: str, token: str) -> None:
        self.folder, self.port = folder, free_port()
        self.url, self.log = f"http://127.0.0.1:{self.port}", folder / "prometheus.log"
        self.process: subprocess.Popen[bytes] | None = None
        shutil.copytree(FILES, folder)
        (folder / "token").write_text(f"{token}\n")
        config = yaml.safe_load((FILES / "prometheus.yml").read_text())
        config["global"] = {"scrape_interval": "1s", "evaluation_interval": "1s"}
        platform, itself = config["scrape_configs"]
        platform["authorization"]["credentials_file"] = str(folder / "token")
        del platform["dns_sd_configs"]
        platform["static_configs"] = [{"targets": [target]}]
        itself["static_configs"] = [{"targets": [f"127.0.0.1:{self.port}"]}]
        (folder / "prometheus.yml").write_text(yaml.safe_dump(config))

    def start(self) -> None:
        options = {"config.file": "prometheus.yml", "storage.tsdb.path": "data"}
        command = [f"--{name}={self.folder / value}" for name, value in options.items()]
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                [str(BINARY), *command, f"--web.listen-address=127.0.0.1:{self.port}"], stdout=log, stderr=log
            )
        self.wait_for(lambda: requests.get(f"{self.url}/-/ready", timeout=2).ok)

    def wait_for(self, is_so: Any) -> None:
        until = time.monotonic() + 30
        while True:
            try:
                if is_so():
                    return
            except requests.ConnectionError:
                pass
            assert self.process and self.process.poll() is None and time.monotonic() < until, self.log.read_text()
            time.sleep(0.2)

    def stop(self) -> None:
        if self.process is not None:
            self.process.terminate()
            self.process.wait(timeout=20)
            self.process = None

    def ask(self, path: str, **parameters: str) -> Any:
        """The ``data`` of an answer of its API. Raises: AssertionError for a query that it refuses."""
        answer = requests.get(f"{self.url}/api/v1/{path}", parameters, timeout=10).json()
        assert answer["status"] == "success", f"{parameters}: {answer.get('error')}"
        return answer["data"]

    def values(self, query: str) -> dict[tuple[tuple[str, str], ...], float]:
        """Labels, without those of the target, → value."""
        return {
            tuple(
                sorted((name, value) for name, value in one["metric"].items() if name not in ("job", "instance"))
            ): float(one["value"][1])
            for one in self.ask("query", query=query)["result"]
        }

    def value(self, query: str) -> float:
        """The one value of a query."""
        (found,) = self.values(query).values()
        return found

    def wait_for_scrapes(self, number: int = 2) -> None:
        """Until it has read all figures anew, so many times."""
        for _ in range(number):
            before = time.time()
            self.wait_for(lambda: self.scraped_at_s() > before)  # noqa: B023

    def scraped_at_s(self) -> float:
        found = self.ask("query", query='timestamp(up{job="courseplatform"})')["result"]
        return float(found[0]["value"][1]) if found else 0
