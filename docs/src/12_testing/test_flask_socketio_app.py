"""Chapter 12: the rooms of chapter 09 in Flask-SocketIO, tested without a network."""

import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "09_rooms"))
import flask_socketio_app  # noqa: E402


class RoomsTest(unittest.TestCase):
    # [helpers]
    def connect(self, username):
        client = flask_socketio_app.socketio.test_client(
            flask_socketio_app.app, auth={"username": username}
        )
        self.addCleanup(lambda: client.connected and client.disconnect())
        return client

    def join(self, client, room):
        client.emit("join", {"room": room})
        name, _ = self.receive(client)
        self.assertEqual(name, "joined")

    def receive(self, client):
        """The name and the data of the one event that has come."""
        (event,) = client.get_received()
        args = event["args"]  # of an event named "message": the data itself
        return event["name"], args[0] if isinstance(args, list) else args
    # [/helpers]

    # [room]
    def test_a_message_goes_to_its_room_only(self):
        alice, bob, carol = self.connect("Alice"), self.connect("Bob"), self.connect("Carol")
        self.join(alice, "cpp")
        self.join(bob, "cpp")
        name, data = self.receive(alice)
        self.assertEqual((name, data["event"]), ("system", "join"))
        alice.emit("message", {"room": "cpp", "message": "Hello, cpp!"})
        for member in alice, bob:
            name, data = self.receive(member)
            self.assertEqual((name, data["message"]), ("message", "Hello, cpp!"))
        self.assertEqual(carol.get_received(), [])
    # [/room]

    # [leave]
    def test_everyone_in_the_room_hears_that_bob_left(self):
        alice, bob = self.connect("Alice"), self.connect("Bob")
        self.join(alice, "cpp")
        self.join(bob, "cpp")
        name, data = self.receive(alice)
        self.assertEqual((name, data["event"]), ("system", "join"))
        bob.disconnect()
        name, data = self.receive(alice)
        self.assertEqual((data["event"], data["username"]), ("leave", "Bob"))
    # [/leave]

    def test_who_is_not_in_a_room_cannot_post_to_it(self):
        alice, bob = self.connect("Alice"), self.connect("Bob")
        self.join(alice, "cpp")
        bob.emit("message", {"room": "cpp", "message": "Let me in"})
        name, data = self.receive(bob)
        self.assertEqual((name, data["code"]), ("error", "not_in_room"))
        self.assertEqual(alice.get_received(), [])


if __name__ == "__main__":
    unittest.main()
