"""The chat behind nginx, as the FAQ says it: docs/src/faq/nginx.conf, with other ports, in front of the server."""

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
CONFIGURATION = ROOT / "docs/src/faq/nginx.conf"
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


class BehindNginx(unittest.IsolatedAsyncioTestCase):
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
        for _ in range(5):  # another program may take a port that was free
            self.tls_port, self.plain_port = free_port(), free_port()
            self.configure(int(found[1]), changes)
            nginx = self.start(NGINX, "-p", self.folder, "-c", self.folder / "nginx.conf")
            if self.wait_for(lambda: listens(self.tls_port), nginx):
                return
        self.fail(self.log.read_text())

    def configure(self, upstream: int, changes: dict[str, str]) -> None:
        text = CONFIGURATION.read_text()
        for directive, value in changes.items():
            text, count = re.subn(rf"\b{directive}\s+\S.*?;", f"{directive} {value};", text)
            self.assertEqual(count, 1, directive)
        for said, instead in {
            "listen 443 ssl;": f"listen 127.0.0.1:{self.tls_port} ssl;",
            "listen 80;": f"listen 127.0.0.1:{self.plain_port};",
            f"/etc/ssl/{NAME}.pem": str(self.certificate),
            f"/etc/ssl/{NAME}.key": str(self.key),
            "http://127.0.0.1:8000": f"http://127.0.0.1:{upstream}",
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

    def test_serves_the_page_over_tls(self):
        self.serve()
        response = self.get("/chat")
        self.assertEqual(response.status, 200)
        self.assertIn(b"<html", response.read())
        self.assertEqual(self.get("/health").status, 200)

    def test_sends_plain_http_to_https(self):
        self.serve()
        response = self.get("/chat?room=cpp", tls=False)
        self.assertEqual((response.status, response.getheader("Location")), (301, f"https://{NAME}/chat?room=cpp"))

    async def test_passes_the_chat_on_in_both_directions(self):
        self.serve()
        async with self.connect("/ws/chat/A%2FB") as first, self.connect("/ws/chat/%E6%84%9B") as second:
            self.assertEqual((await self.receive(first))["username"], "A/B")
            self.assertEqual((await self.receive(second))["connected_users"], ["A/B", "愛"])
            self.assertEqual((await self.receive(first))["event"], "join")
            await second.send('{"message":"' + "x" * 3000 + '"}')
            for each in first, second:
                self.assertEqual((await self.receive(each))["message"], "x" * 3000)
            await first.close(1000)
            self.assertEqual((await self.receive(second))["event"], "leave")

    async def test_tells_pages_of_its_own_from_others(self):
        self.serve()
        for origin in "https://evil.example", f"http://{self.host}x", f"https://{NAME}":
            with self.subTest(origin=origin), self.assertRaises(Exception) as refused:
                await self.connect("/ws", origin)
            self.assertEqual(refusal_of(refused.exception), 403)
        async with self.connect("/ws") as client:
            await client.send("here")
            self.assertEqual(await asyncio.wait_for(client.recv(), DEADLINE), "Echo: here")

    async def test_without_the_header_upgrade_there_is_no_handshake(self):
        self.serve(**{"proxy_set_header Upgrade": '""'})
        with self.assertRaises(Exception) as refused:
            await self.connect("/ws")
        self.assertEqual(refusal_of(refused.exception), 426)

    async def test_without_the_port_in_host_the_page_is_of_another_origin(self):
        self.serve(**{"proxy_set_header Host": "$host"})
        with self.assertRaises(Exception) as refused:
            await self.connect("/ws")
        self.assertEqual(refusal_of(refused.exception), 403)

    async def test_the_servers_pings_keep_a_silent_connection(self):
        self.serve("--ws-ping-interval", "0.2", proxy_read_timeout="1s")
        async with self.connect("/ws") as client:
            with self.assertRaises(asyncio.TimeoutError):
                await asyncio.wait_for(client.recv(), 3)
            await client.send("here")
            self.assertEqual(await asyncio.wait_for(client.recv(), DEADLINE), "Echo: here")

    async def test_without_pings_in_time_nginx_cuts_it(self):
        self.serve(proxy_read_timeout="1s")
        async with self.connect("/ws") as client:
            with self.assertRaises(websockets.ConnectionClosed) as closed:
                await asyncio.wait_for(client.recv(), DEADLINE)
            self.assertIsNone(closed.exception.rcvd, "1006: no close frame came")

    async def test_limits_hold_for_the_client_and_not_for_nginx(self):
        self.serve("--max-connections-per-address", "1", "--forwarded-allow-ips", "127.0.0.1,198.51.100.7")
        # nginx adds our own address, 127.0.0.1, which is trusted, too: so what we say of ourselves counts.
        async with self.connect("/ws/chat", address="192.0.2.1") as first:
            self.assertEqual((await self.receive(first))["event"], "welcome")
            async with self.connect("/ws/chat", address="192.0.2.2") as second:
                self.assertEqual((await self.receive(second))["event"], "welcome")
            async with self.connect("/ws/chat", address="192.0.2.3, 192.0.2.1, 198.51.100.7") as again:
                with self.assertRaises(websockets.ConnectionClosed) as closed:
                    await self.receive(again)
                self.assertEqual(closed.exception.rcvd.code, 1008)

    async def test_without_proxy_headers_all_clients_are_one(self):
        self.serve("--max-connections-per-address", "1", "--no-proxy-headers")
        async with self.connect("/ws/chat", address="192.0.2.1") as first:
            self.assertEqual((await self.receive(first))["event"], "welcome")
            async with self.connect("/ws/chat", address="192.0.2.2") as second:
                with self.assertRaises(websockets.ConnectionClosed) as closed:
                    await self.receive(second)
                self.assertEqual(closed.exception.rcvd.code, 1008)

    async def test_a_page_without_tls_is_of_another_origin(self):
        self.serve()
        with self.assertRaises(Exception) as refused:
            await self.connect("/ws", f"http://{self.host}")
        self.assertEqual(refusal_of(refused.exception), 403)

    def test_another_host_name_is_refused(self):
        self.serve()
        response = self.get("/health", host="evil.example")
        self.assertEqual((response.status, json.loads(response.read())), (400, {"detail": "Invalid host"}))

    async def test_holds_back_who_opens_too_many(self):
        self.serve()
        clients = [await self.connect("/ws") for _ in range(300)]
        with self.assertRaises(Exception) as refused:
            await self.connect("/ws")
        self.assertEqual(refusal_of(refused.exception), 429)
        await clients[0].send("here")
        self.assertEqual(await asyncio.wait_for(clients[0].recv(), DEADLINE), "Echo: here")
        await asyncio.gather(*(client.close() for client in clients))


if __name__ == "__main__":
    unittest.main()
