"""Chapter 12: the rooms of chapter 09 in FastAPI, tested in the test's own process."""

import signal
import sys
import unittest
from pathlib import Path

from fastapi.testclient import TestClient

sys.path.insert(0, str(Path(__file__).parents[1] / "09_rooms"))
import fastapi_app  # noqa: E402

DEADLINE = 5  # seconds; what a broken program costs, not what a test takes


class RoomsTest(unittest.TestCase):
    # [server]
    def setUp(self):
        self.client = self.enterContext(TestClient(fastapi_app.app))
        self.set_deadline()
    # [/server]

    # [deadline]
    def set_deadline(self):
        def give_up(*_):
            raise TimeoutError(f"nothing came for {DEADLINE} s")

        self.addCleanup(signal.signal, signal.SIGALRM, signal.signal(signal.SIGALRM, give_up))
        self.addCleanup(signal.alarm, 0)
        signal.alarm(DEADLINE)
    # [/deadline]

    # [helpers]
    def connect(self, username):
        return self.client.websocket_connect(f"/ws/chat/{username}")

    def join(self, websocket, room):
        websocket.send_json({"type": "join", "room": room})
        self.assertEqual(websocket.receive_json()["type"], "joined")
    # [/helpers]

    # [nothing]
    def assert_nothing_came(self, websocket):
        """The answer to a question that changes nothing is the next frame, so nothing was before it."""
        websocket.send_json({"type": "leave", "room": "a room that nobody is in"})
        self.assertEqual(websocket.receive_json().get("code"), "not_in_room")
    # [/nothing]

    # [room]
    def test_a_message_goes_to_its_room_only(self):
        with self.connect("Alice") as alice, self.connect("Bob") as bob, self.connect("Carol") as carol:
            self.join(alice, "cpp")
            self.join(bob, "cpp")
            self.assertEqual(alice.receive_json()["event"], "join")
            alice.send_json({"type": "message", "room": "cpp", "message": "Hello, cpp!"})
            for member in alice, bob:
                self.assertEqual(member.receive_json()["message"], "Hello, cpp!")
            self.assert_nothing_came(alice)  # so her handler has finished the broadcast
            self.assert_nothing_came(carol)
    # [/room]

    # [leave]
    def test_everyone_in_the_room_hears_that_bob_left(self):
        with self.connect("Alice") as alice:
            self.join(alice, "cpp")
            with self.connect("Bob") as bob:
                self.join(bob, "cpp")
                self.assertEqual(alice.receive_json()["event"], "join")
            left = alice.receive_json()
            self.assertEqual((left["event"], left["username"]), ("leave", "Bob"))
    # [/leave]

    def test_who_is_not_in_a_room_cannot_post_to_it(self):
        with self.connect("Alice") as alice, self.connect("Bob") as bob:
            self.join(alice, "cpp")
            bob.send_json({"type": "message", "room": "cpp", "message": "Let me in"})
            self.assertEqual(bob.receive_json()["code"], "not_in_room")
            self.assert_nothing_came(bob)
            self.assert_nothing_came(alice)


if __name__ == "__main__":
    unittest.main()
