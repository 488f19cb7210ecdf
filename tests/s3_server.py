"""A real S3 server over HTTP, in a process of its own: moto's, behind waitress, which keeps connections alive.

``python -m tests.s3_server`` prints its port. It believes any credentials, and compares no signature and no checksum:
what it takes and a real one refuses is ours to notice.
"""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import requests

BUCKET = "courses"


class S3Server:
    """``url`` while it runs."""

    def __init__(self) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.s3_server"], stdout=subprocess.PIPE, cwd=Path(__file__).parents[1], text=True
        )
        assert self.process.stdout is not None
        self.url = f"http://127.0.0.1:{int(self.process.stdout.readline())}"
        # Asked to go on with an empty body, waitress waits for more of it.
        os.environ.setdefault("BOTO_EXPERIMENTAL__NO_EMPTY_CONTINUE", "true")
        self.client = client_of(self.url)
        self.client.create_bucket(Bucket=BUCKET)

    def settings(self, prefix: str = "", **more: str) -> dict[str, Any]:
        return {
            "files.url": f"s3://{BUCKET}/{prefix}",
            "files.s3_endpoint": self.url,
            "files.s3_path_style": "true",
            "files.s3_access_key_id": "nobody",
            "files.s3_secret_access_key": "kept by nobody",
            **more,
        }

    def files(self, prefix: str, has_redirects: bool = False) -> Any:
        """A storage of its own beneath a prefix."""
        from courseplatform.files.s3 import S3Files  # the server's own process needs none of us

        return S3Files(self.client, self.client, BUCKET, f"{prefix}/" if prefix else "", has_redirects)

    def connections(self) -> int:
        """How many have been opened so far, but for those that ask this."""
        return int(requests.get(f"{self.url}/-connections", timeout=5).text)

    def stop(self) -> None:
        self.process.kill()
        with self.process:  # closes its pipe
            pass


def client_of(url: str) -> Any:
    """A client such as the settings give, with credentials of nobody."""
    from courseplatform.files.s3 import make_client

    given = {"files.s3_region": "us-east-1", "files.s3_path_style": True}
    return make_client(
        {**given, "files.s3_access_key_id": "nobody", "files.s3_secret_access_key": "kept by nobody"}, url
    )


def serve() -> None:
    import waitress
    from moto.server import DomainDispatcherApplication, create_backend_app

    moto, ports = DomainDispatcherApplication(create_backend_app), set()

    def app(environ: Any, start_response: Any) -> Any:
        if environ["PATH_INFO"] == "/-connections":
            start_response("200 OK", [("Content-Type", "text/plain")])
            return [str(len(ports)).encode()]
        ports.add(environ["REMOTE_PORT"])
        return moto(environ, start_response)

    server = waitress.create_server(app, host="127.0.0.1", port=0, threads=8)
    print(server.effective_port, flush=True)
    server.run()


if __name__ == "__main__":
    serve()
