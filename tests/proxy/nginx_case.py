"""What the tests behind nginx share: a certificate, the server, and nginx in front of it."""

import asyncio
import http.client
import inspect
import json
import os
import re
import shutil
import socket
import ssl
import subprocess
import tempfile
import time
import unittest
from pathlib import Path

import websockets

ROOT = Path(__file__).parents[2]
FAQ = ROOT / "docs/src/faq"
PROGRAM = ROOT / os.environ.get("CHAPTER08", "build/release/chapter08/chapter08")
NGINX = shutil.which("nginx", path=f"{os.environ['PATH']}:/usr/sbin:{ROOT}/build/tools/usr/sbin")
NAME = "chat.example.org"
# What the FAQ passes on to the server, and a port that is free.
OPTIONS = f"--port 0 --proxy-headers --allowed-host {NAME}".split()
# As the old and the new websockets call it.
HEADERS = "extra_headers" if "extra_headers" in str(inspect.signature(websockets.connect)) else "additional_headers"
DEADLINE = 10  # seconds, for all that is waited for

MAIN = """
daemon off;
worker_processes 1;
{user}
pid {folder}/nginx.pid;
error_log stderr warn;
events {{ worker_connections 1024; }}
http {{
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    include {folder}/chat.conf;
}}
"""


def free_port() -> int:
    with socket.socket() as any_socket:
        any_socket.bind(("127.0.0.1", 0))
        return any_socket.getsockname()[1]


def listens(port: int) -> bool:
    with socket.socket() as client:
        return client.connect_ex(("127.0.0.1", port)) == 0


def refusal_of(error: Exception) -> int:
    """The status with which a handshake was refused, in the old and the new websockets."""
    return getattr(error, "status_code", None) or error.response.status_code


class NginxCase(unittest.IsolatedAsyncioTestCase):
    configuration = FAQ / "nginx.conf"

    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        cls.certificate = Path(folder.name) / "chat.pem"
        cls.key = Path(folder.name) / "chat.key"
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
             "-subj", f"/CN={NAME}", "-addext", f"subjectAltName=DNS:{NAME},IP:127.0.0.1",
             "-keyout", cls.key, "-out", cls.certificate],
            check=True, capture_output=True, timeout=60,
        )  # fmt: skip
        cls.tls = ssl.create_default_context(cafile=cls.certificate)

    def setUp(self):
        self.folder = Path(self.enterContext(tempfile.TemporaryDirectory()))
        self.log = self.folder / "log"

    def start(self, *command) -> subprocess.Popen:
        with open(self.log, "ab") as log:
            process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)

        def stop():
            process.terminate()
            process.wait(DEADLINE)

        self.addCleanup(stop)
        return process

    def wait_for(self, what, process):
        """Waits until `what()` is true; None if the process has ended before."""
        deadline = time.monotonic() + DEADLINE
        while time.monotonic() < deadline:
            if found := what():
                return found
            if process.poll() is not None:
                return None
            time.sleep(0.01)
        self.fail(f"waited in vain: {self.log.read_text()}")

    def serve(self, *options, **changes) -> None:
        """The server, and nginx in front of it; its directives, but for `changes`, are those of the FAQ."""
        server = self.start(PROGRAM, *OPTIONS, *options)
        running = re.compile(r"running on http://127\.0\.0\.1:(\d+)")
        found = self.wait_for(lambda: running.search(self.log.read_text()), server)
        self.assertTrue(found, self.log.read_text())
        self.start_nginx({"http://127.0.0.1:8000": f"http://127.0.0.1:{found[1]}"}, changes)

    def start_nginx(self, upstreams: dict[str, str], changes: dict[str, str]) -> None:
        """`upstreams`: where the servers are, instead of where the configuration says."""
        for _ in range(5):  # another program may take a port that was free
            self.tls_port, self.plain_port = free_port(), free_port()
            self.configure(upstreams, changes)
            nginx = self.start(NGINX, "-p", self.folder, "-c", self.folder / "nginx.conf")
            if self.wait_for(lambda: listens(self.tls_port), nginx):
                return
        self.fail(self.log.read_text())

    def configure(self, upstreams: dict[str, str], changes: dict[str, str]) -> None:
        text = self.configuration.read_text()
        for directive, value in changes.items():
            text, count = re.subn(rf"\b{directive}\s+\S.*?;", f"{directive} {value};", text)
            self.assertEqual(count, 1, directive)
        for said, instead in {
            "listen 443 ssl;": f"listen 127.0.0.1:{self.tls_port} ssl;",
            "listen 80;": f"listen 127.0.0.1:{self.plain_port};",
            f"/etc/ssl/{NAME}.pem": str(self.certificate),
            f"/etc/ssl/{NAME}.key": str(self.key),
            **upstreams,
        }.items():
            self.assertEqual(text.count(said), 1, said)
            text = text.replace(said, instead)
        (self.folder / "chat.conf").write_text(text)
        # Else nginx, if it is root, becomes somebody who may not look into the folder.
        user = "user root;" if os.geteuid() == 0 else ""
        (self.folder / "nginx.conf").write_text(MAIN.format(folder=self.folder, user=user))

    @property
    def host(self) -> str:
        return f"{NAME}:{self.tls_port}"

    def connect(self, path, origin=None, address=None):
        return websockets.connect(
            f"wss://{self.host}{path}", host="127.0.0.1", port=self.tls_port, ssl=self.tls,
            origin=origin or f"https://{self.host}", open_timeout=DEADLINE, close_timeout=DEADLINE,
            # That of the server is tested.
            ping_interval=None,
            **({HEADERS: {"X-Forwarded-For": address}} if address else {}),
        )  # fmt: skip

    async def receive(self, client):
        return json.loads(await asyncio.wait_for(client.recv(), DEADLINE))

    def get(self, path, tls=True, host=None) -> http.client.HTTPResponse:
        if tls:
            client = http.client.HTTPSConnection("127.0.0.1", self.tls_port, timeout=DEADLINE, context=self.tls)
        else:
            client = http.client.HTTPConnection("127.0.0.1", self.plain_port, timeout=DEADLINE)
        self.addCleanup(client.close)
        client.request("GET", path, headers={"Host": host or (self.host if tls else NAME)})
        return client.getresponse()
