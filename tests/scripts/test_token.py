"""What scripts/token.sh prints, makes and refuses."""

import os
import stat
import subprocess
import tempfile
import time
import unittest
from pathlib import Path

import jwt
from stand_in import Project


class Token(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.project = Project(folder.name)
        self.made = self.project.folder / "build/jwt-secret"
        self.secret = Path(folder.name) / "a secret"
        self.secret.write_text("0123456789" * 4)

    def run_script(self, *arguments, cwd="/"):
        done = subprocess.run(
            [self.project.folder / "scripts/token.sh", *arguments], cwd=cwd, stdin=subprocess.DEVNULL,
            capture_output=True, text=True, timeout=60, check=False,
        )
        return done.returncode, done.stdout, done.stderr

    def token(self, *arguments, **options):
        status, printed, said = self.run_script(*arguments, **options)
        self.assertEqual(status, 0, said)
        self.assertRegex(printed, r"^[\w-]+\.[\w-]+\.[\w-]+\n$")
        return printed.strip(), said

    def refused(self, why, *arguments):
        status, printed, said = self.run_script(*arguments)
        self.assertNotEqual(status, 0)
        self.assertEqual(printed, "")
        self.assertIn(why, said)
        self.assertNotIn("Traceback", said)

    def test_signs_a_token_with_the_secret_of_the_file(self):
        before = int(time.time())
        token, said = self.token("--user", "小明", "--minutes", "90", "--secret-file", str(self.secret))
        self.assertEqual(jwt.get_unverified_header(token)["alg"], "HS256")
        claims = jwt.decode(token, self.secret.read_bytes(), algorithms=["HS256"])
        self.assertEqual(claims["sub"], "小明")
        self.assertGreaterEqual(claims["exp"], before + 90 * 60)
        self.assertLessEqual(claims["exp"], time.time() + 90 * 60)
        self.assertEqual(claims.keys(), {"sub", "exp", "iat"})
        self.assertIn("scripts/run.sh --jwt-secret-file ", said)
        self.assertNotIn("0123456789", said)
        self.assertFalse(self.made.exists())

    def test_a_line_break_at_the_end_is_not_part_of_the_secret(self):
        for end in ("\n", "\r\n"):
            self.secret.write_bytes(("0123456789" * 4 + end).encode())
            token, _ = self.token("--user", "Alice", "--secret-file", str(self.secret))
            jwt.decode(token, "0123456789" * 4, algorithms=["HS256"])

    def test_a_relative_file_is_looked_for_where_one_stands_and_told_in_full(self):
        token, said = self.token("--user", "Alice", "--secret-file", "a secret", cwd=self.secret.parent)
        jwt.decode(token, self.secret.read_bytes(), algorithms=["HS256"])
        self.assertIn(f"--jwt-secret-file {self.secret.resolve()}".replace("a secret", "a\\ secret"), said)

    def test_makes_a_secret_for_its_owner_alone_and_keeps_it(self):
        # Whatever the umask lets others do.
        old = os.umask(0)
        self.addCleanup(os.umask, old)
        token, said = self.token("--user", "Alice")
        self.assertIn("Made a secret: ", said)
        self.assertEqual(stat.S_IMODE(self.made.stat().st_mode), 0o600)
        secret = self.made.read_text()
        self.assertRegex(secret, r"^[0-9a-f]{64}\n$")
        jwt.decode(token, secret.strip(), algorithms=["HS256"])

        again, said = self.token("--user", "Bob")
        self.assertNotIn("Made", said)
        self.assertEqual(self.made.read_text(), secret)
        jwt.decode(again, secret.strip(), algorithms=["HS256"])

    def test_names_audience_and_issuer_and_what_the_server_then_needs(self):
        token, said = self.token("--user", "Alice", "--audience", "the chat", "--issuer", "school")
        claims = jwt.decode(token, self.made.read_text().strip(), algorithms=["HS256"], audience="the chat")
        self.assertEqual((claims["aud"], claims["iss"]), ("the chat", "school"))
        self.assertIn("--jwt-audience the\\ chat --jwt-issuer school", said)

    def test_says_what_is_wrong(self):
        self.refused("--user NAME")
        self.refused("--user needs a value", "--user")
        self.refused("--user needs a value", "--user", "")
        self.refused("isn't a name", "--user", " ")
        self.refused("isn't a name", "--user", "a\tb")
        self.refused("unknown option --name", "--name", "Alice")
        self.refused("unknown option Alice", "Alice")
        for minutes in ("0", "-1", "nan", "inf", "a lot", "1e9"):
            self.refused("--minutes", "--user", "Alice", "--minutes", minutes)
        missing = self.secret.parent / "missing"
        self.refused("No such file", "--user", "Alice", "--secret-file", str(missing))
        self.assertFalse(missing.exists())
        self.refused("Is a directory", "--user", "Alice", "--secret-file", str(self.secret.parent))
        self.secret.write_text("x" * 31 + "\n")
        self.refused("shorter than 32 bytes", "--user", "Alice", "--secret-file", str(self.secret))
        self.secret.write_text("-----BEGIN PUBLIC KEY-----\n" + "x" * 100 + "\n-----END PUBLIC KEY-----\n")
        self.refused("holds no secret", "--user", "Alice", "--secret-file", str(self.secret))

    def test_help_is_its_header(self):
        status, printed, _ = self.run_script("--help")
        self.assertEqual(status, 0)
        self.assertIn("--secret-file FILE", printed)


if __name__ == "__main__":
    unittest.main()
