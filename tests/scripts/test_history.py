"""What scripts/history.sh builds, starts and refuses. What the program does: tests/log/history_test.cpp."""

import subprocess
import tempfile
import unittest
from pathlib import Path

from stand_in import Project


class History(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.project = Project(folder.name)
        # In the place of the program, one that says how it was started.
        self.project.write("chapter08/history.cpp", (
            "#include <cstdio>\n"
            "int main(int argc, char** argv) {\n"
            '    for (int i = 1; i < argc; ++i) std::printf("<%s>", argv[i]);\n'
            "    return 3;\n"
            "}\n"
        ))
        lists = self.project.folder / "chapter08/CMakeLists.txt"
        lists.write_text(lists.read_text() + "add_executable(chat_history history.cpp)\n")

    def run_script(self, *arguments):
        return subprocess.run(
            [self.project.folder / "scripts/history.sh", *arguments], cwd="/", stdin=subprocess.DEVNULL,
            capture_output=True, text=True, timeout=120, check=False,
        )

    def test_builds_the_program_and_hands_everything_on(self):
        done = self.run_script("export", "a file.db", "room", "小明")
        self.assertEqual(done.returncode, 3, done.stderr)
        self.assertEqual(done.stdout, "<export><a file.db><room><小明>")
        self.assertFalse((self.project.folder / "build/release/chapter08/chapter08").exists())

    def test_refuses_what_it_does_not_know_before_it_builds(self):
        for arguments, why in (((), "which command?"), (("repair", "a.db"), "unknown command repair")):
            done = self.run_script(*arguments)
            self.assertEqual(done.returncode, 1)
            self.assertIn(why, done.stderr)
            self.assertEqual(done.stdout, "")
        self.assertFalse((self.project.folder / "build").exists())

    def test_help_is_its_header(self):
        done = self.run_script("--help")
        self.assertEqual(done.returncode, 0)
        self.assertIn("scripts/history.sh check FILE", done.stdout)
        self.assertEqual(done.stdout.count("set -euo"), 0)


class Program(unittest.TestCase):
    """The program itself: its messages and its exit status."""

    program = Path(__file__).parents[2] / "build/release/chapter08/chat_history"

    def setUp(self):
        self.assertTrue(self.program.exists(), "build it first: ninja -C build/release chat_history")
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.file = str(Path(folder.name) / "chat.db")

    def run_program(self, *arguments, lines=""):
        done = subprocess.run(
            [self.program, *arguments], input=lines, capture_output=True, text=True, timeout=60, check=False,
        )
        return done.returncode, done.stdout, done.stderr

    def test_imports_exports_checks_and_compacts(self):
        line = (
            '{"conversation":"room:c++","epoch":"k3f9","seq":7,"stored":"2024-01-01T12:00:00.123Z",'
            '"author":"alice","id":"6f1c","payload":{"message":"hi"}}\n'
        )
        self.assertEqual(
            self.run_program("import", self.file, lines=line), (0, f"{self.file}: 1 messages imported\n", ""),
        )
        # A name may be spelt otherwise, as everywhere in the chat.
        self.assertEqual(self.run_program("export", self.file, "room", "Ｃ++"), (0, line, ""))
        self.assertEqual(self.run_program("export", self.file, "--all"), (0, line, ""))
        self.assertEqual(
            self.run_program("check", self.file), (0, f"{self.file}: ok, 1 conversations, 1 messages\n", ""),
        )
        status, said, _ = self.run_program("compact", self.file)
        self.assertEqual(status, 0)
        self.assertRegex(said, r": \d+ bytes, and \d+ before\n$")

    def test_says_what_is_wrong_in_one_line(self):
        self.run_program("import", self.file)
        for arguments, status, why in (
            (("export", self.file), 2, "which conversation?"),
            (("export", self.file, "--all", "lobby"), 2, "which conversation?"),
            (("export", self.file, "room"), 2, "whose?"),
            (("export", self.file, "lobby", "Alice"), 2, "the lobby has no name"),
            (("export", self.file, "lobby"), 1, "it has no conversation lobby"),
            (("export", self.file, "inbox", " "), 1, "isn't a name"),
            (("check", self.file + "x"), 1, "there is no such file"),
            (("compact", self.file + "x"), 1, "there is no such file"),
            (("import", self.file, self.file + "x"), 1, "it can't be read"),
            (("repair", self.file), 2, "see chat_history --help"),
            ((), 2, "see chat_history --help"),
        ):
            got, printed, said = self.run_program(*arguments)
            self.assertEqual((got, printed, said.count("\n")), (status, "", 1), said)
            self.assertIn(why, said)


if __name__ == "__main__":
    unittest.main()
