"""What scripts/docs.sh starts, and what it refuses: VitePress is a stand-in that says how it was called."""

import subprocess
import tempfile
import unittest

from stand_in import Project

VITEPRESS = """
console.log(process.argv.slice(2).join(" "));
process.exit(process.argv.includes("build") && process.env.BROKEN ? 1 : 0);
"""


class Docs(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.project = Project(folder.name)
        self.project.write("node_modules/vitepress/bin/vitepress.js", VITEPRESS)
        self.project.write("node_modules/vitepress/package.json", '{"type": "module"}')

    def docs(self, *arguments, **environment):
        """Its exit status, its standard output, and what it said besides."""
        done = subprocess.run(
            [self.project.folder / "scripts/docs.sh", *arguments], cwd="/", stdin=subprocess.DEVNULL,
            capture_output=True, text=True, timeout=60, check=False, env=None if not environment else
            {"PATH": "/usr/local/bin:/usr/bin:/bin", **environment},
        )  # fmt: skip
        return done.returncode, done.stdout, done.stderr

    def test_serves_while_one_writes(self):
        self.assertEqual(self.docs()[:2], (0, "dev docs --host 127.0.0.1 --port 5173 --strictPort\n"))
        self.assertEqual(
            self.docs("--port", "5999", "--host=0.0.0.0")[:2],
            (0, "dev docs --host 0.0.0.0 --port 5999 --strictPort\n"),
        )

    def test_builds(self):
        status, printed, said = self.docs("--build")
        self.assertEqual((status, printed), (0, ""), said)
        self.assertIn("/tutorial", said)
        self.assertEqual((self.project.folder / "build/log/site.log").read_text(), "build docs\n")

    def test_says_so_where_it_cannot_build(self):
        status, _, said = self.docs("--build", BROKEN="1")
        self.assertEqual(status, 1)
        self.assertIn("build/log/site.log", said)

    def test_prefetch_builds_all_that_a_class_needs_and_serves_nothing(self):
        cmake = self.project.folder / "CMakeLists.txt"
        cmake.write_text(f"{cmake.read_text()}add_subdirectory(docs)\n")
        self.project.write("docs/CMakeLists.txt", "add_executable(step_01_echo step.cpp)\n")
        self.project.write("docs/step.cpp", "int main() {}\n")
        command = [self.project.folder / "scripts/run.sh", "--prefetch"]
        options = {"cwd": "/", "stdin": subprocess.DEVNULL, "capture_output": True, "text": True, "check": False}
        done = subprocess.run(command, timeout=300, **options)
        self.assertEqual((done.returncode, done.stdout), (0, ""), done.stderr)
        for built in "chapter08/chapter08", "docs/step_01_echo":
            self.assertTrue((self.project.folder / "build/release" / built).is_file(), built)
        self.assertEqual((self.project.folder / "build/log/site.log").read_text(), "build docs\n")
        done = subprocess.run([*command, "--port=1"], timeout=60, **options)
        self.assertEqual(done.returncode, 1)
        self.assertIn("--prefetch starts no server: --port=1", done.stderr)

    def test_refuses_in_one_line(self):
        for arguments, text in {
            ("--bild",): "unknown option --bild",
            ("--port",): "--port needs a value",
            ("--port", "x"): "the port is 'x'",
            ("--port=65536",): "the port is '65536'",
        }.items():
            status, printed, said = self.docs(*arguments)
            self.assertEqual((status, printed), (1, ""))
            self.assertIn(text, said.splitlines()[0])

    def test_help_is_the_header(self):
        self.assertTrue(self.docs("--help")[1].startswith("Makes the site of the tutorial"))


if __name__ == "__main__":
    unittest.main()
