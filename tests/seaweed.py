"""A real S3 server on loopback, SeaweedFS: `with Seaweed(folder) as server: ... server.env`.

Every port that it opens is a free one, so that any number of them may run at once. It checks signatures and checksums
as the services do, and knows no conditional PUT.
"""

from __future__ import annotations

import json
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
import uuid
from contextlib import ExitStack
from functools import cache
from pathlib import Path
from typing import Any, Self

KEY_ID, SECRET = "AKIALOOPBACK00000001", "a-secret-of-loopback-alone"
READER_ID, READER_SECRET = "AKIALOOPBACK00000002", "another-secret-of-loopback"
START_SECONDS = 60.0
PORTS = tuple(f"{part}.port{which}" for part in ("s3", "master", "volume", "filer") for which in ("", ".grpc"))
QUIET = {"master.telemetry": "false", "s3.port.iceberg": "0", "s3.port.lance": "0", "s3.iam": "false"}
QUIET |= {"s3.autoCreateBucket": "false"}


class Seaweed:
    """The server, with two users: one who may do anything, and one who may only read."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        everything = ["Admin", "Read", "Write", "List", "Tagging"]
        users = [
            _user("owner", KEY_ID, SECRET, everything),
            _user("reader", READER_ID, READER_SECRET, ["Read", "List"]),
        ]
        config = folder / "users.json"
        config.write_text(json.dumps({"identities": users}))
        ports = dict(zip(PORTS, _free_ports(len(PORTS)), strict=True))
        data = folder / "data"
        data.mkdir()
        flags = {"dir": data, "ip": "127.0.0.1", "ip.bind": "127.0.0.1", "s3.config": config, **QUIET, **ports}
        flags |= {"filer": "true", "s3": "true", "volume.max": "0", "master.volumeSizeLimitMB": "64"}
        weed = shutil.which("weed", path=str(Path(sys.executable).parent)) or "weed"
        self.log = folder / "log.txt"
        command = [weed, "server", *(f"-{name}={value}" for name, value in flags.items())]
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=folder)
        self.url = f"http://127.0.0.1:{ports['s3.port']}"

    @property
    def env(self) -> dict[str, str]:
        """Return the variables by which it is reached, as who may do anything."""
        return env_of(self.url)

    @property
    def reader_env(self) -> dict[str, str]:
        """Return the variables by which it is reached, as who may only read."""
        return env_of(self.url, READER_ID, READER_SECRET)

    def bucket(self) -> str:
        """Make a bucket of a new name, and return it."""
        name = f"b{uuid.uuid4().hex[:16]}"
        client(self.url).create_bucket(Bucket=name)
        return name

    def wait(self) -> None:
        """Wait until it answers, and can keep something."""
        end = time.monotonic() + START_SECONDS
        while True:
            try:
                with urllib.request.urlopen(f"{self.url}/healthz", timeout=1):
                    break
            except (OSError, urllib.error.URLError):
                if self.process.poll() is not None or time.monotonic() > end:
                    raise RuntimeError(
                        f"it does not start:\n{self.log.read_text('utf-8', 'replace')[-3000:]}"
                    ) from None
                time.sleep(0.05)
        s3, name = client(self.url), self.bucket()
        while True:
            try:
                s3.put_object(Bucket=name, Key="first", Body=b"x")
            except s3.exceptions.ClientError:
                if time.monotonic() > end:
                    raise
                time.sleep(0.1)
            else:
                return

    def __enter__(self) -> Self:
        try:
            self.wait()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *exc: object) -> None:
        self.process.kill()  # it would take seconds to say goodbye to itself, and all that it holds is thrown away
        self.process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)


def env_of(url: str, key_id: str = KEY_ID, secret: str = SECRET) -> dict[str, str]:
    """Return the variables by which an S3 server is reached."""
    return {"S3_ENDPOINT_URL": url, "AWS_ACCESS_KEY_ID": key_id, "AWS_SECRET_ACCESS_KEY": secret}


@cache
def client(url: str) -> Any:
    """Return a client of boto3's own making, to look at what a server holds."""
    import boto3.session
    from botocore.config import Config

    session = boto3.session.Session(aws_access_key_id=KEY_ID, aws_secret_access_key=SECRET, region_name="us-east-1")
    config = Config(s3={"addressing_style": "path"}, proxies={}, request_checksum_calculation="when_required")
    return session.client("s3", endpoint_url=url, config=config)


def _user(name: str, key_id: str, secret: str, actions: list[str]) -> dict[str, Any]:
    return {"name": name, "credentials": [{"accessKey": key_id, "secretKey": secret}], "actions": actions}


def _free_ports(count: int) -> list[int]:
    """Return ports on loopback on which nobody listens."""
    with ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [one.getsockname()[1] for one in sockets]
