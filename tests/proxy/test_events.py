"""The chat without WebSockets behind nginx: a stream of events, and POST."""

import http.client
import json
import unittest

from nginx_case import DEADLINE, NginxCase


class EventsBehindNginx(NginxCase):
    def connect_tls(self) -> http.client.HTTPSConnection:
        client = http.client.HTTPSConnection(
            "127.0.0.1", self.tls_port, timeout=DEADLINE, context=self.tls
        )
        self.addCleanup(client.close)
        return client

    def open(self, name: str, client: http.client.HTTPSConnection | None = None) -> http.client.HTTPResponse:
        client = client or self.connect_tls()
        client.request("GET", f"/events/chat/{name}", headers={"Host": self.host})
        response = client.getresponse()
        self.assertEqual(response.status, 200)
        return response

    def event(self, stream: http.client.HTTPResponse) -> dict[str, str]:
        """The next one, or the next comment; each line has to come at once."""
        fields: dict[str, str] = {}
        while line := stream.readline().decode().rstrip("\n"):
            name, _, value = line.partition(": ")
            fields[name] = value
        return fields

    def post(self, session: str, frame: dict[str, str]) -> int:
        client = self.connect_tls()
        headers = {"Host": self.host, "Chat-Session": session}
        client.request("POST", "/messages", json.dumps(frame), headers)
        return client.getresponse().status

    def test_each_event_comes_at_once(self):
        self.serve()
        alice = self.open("Alice")
        welcome = json.loads(self.event(alice)["data"])
        self.assertEqual(welcome["event"], "welcome")
        for i in range(3):
            self.assertEqual(self.post(welcome["session"], {"message": f"Hello {i}"}), 202)
            event = self.event(alice)
            self.assertEqual(json.loads(event["data"])["message"], f"Hello {i}")
            self.assertEqual(event["id"], f"{welcome['epoch']}:{i + 1}")

    def test_comments_keep_a_silent_stream(self):
        self.serve("--ws-ping-interval", "0.2", proxy_read_timeout="1s")
        alice = self.open("Alice")
        self.assertIn("data", self.event(alice))
        for _ in range(10):  # 2 s
            self.assertEqual(self.event(alice), {"": "keep-alive"})

    def test_who_hangs_up_leaves_the_chat(self):
        self.serve()
        client = self.connect_tls()
        alice = self.open("Alice", client)
        self.assertIn("data", self.event(alice))
        alice.close()
        client.close()
        bob = self.open("Bob")
        users = json.loads(self.event(bob)["data"])["connected_users"]
        while "Alice" in users:
            frame = json.loads(self.event(bob)["data"])
            if frame.get("event") == "leave":
                users.remove(frame["username"])
        self.assertEqual(users, ["Bob"])


if __name__ == "__main__":
    unittest.main()
