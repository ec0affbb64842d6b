"""What scripts/test.sh counts, and how it ends, in a small project in which the tests are known."""

import re
import subprocess
import tempfile
import unittest

from stand_in import Project

CTEST = """
enable_testing()
add_test(NAME one COMMAND true)
add_test(NAME two COMMAND true)
set_tests_properties(one two PROPERTIES LABELS unit)
add_test(NAME three COMMAND true)
set_tests_properties(three PROPERTIES LABELS integration)
"""
BROWSER = """
import test from "node:test";
test("shown", () => {});
test("hidden", () => {});
"""
PYTHON = """
import unittest
class Some(unittest.TestCase):
    def test_one(self): pass
    def test_two(self): pass
"""
# The real one plays more with all stacks than with one of them, and ends with this line.
CONVERSATIONS = """#!/usr/bin/python3
import sys
print("ok      some conversation")
print("3 passed, 0 failed" if "--stack" in sys.argv else "4 passed, 0 failed, 1 skipped")
"""


class TestScript(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        cls.project = Project(folder.name)
        cls.project.write(".ci/run", "#!/usr/bin/env bash\ntrue\n")
        cls.cmake = (cls.project.folder / "CMakeLists.txt").read_text()

    def setUp(self):
        self.project.source.write_text(self.project.text)
        self.project.write("CMakeLists.txt", self.cmake + CTEST)
        self.project.write("tests/browser/connection.test.js", BROWSER)
        self.project.write("scripts/docs.sh", "#!/usr/bin/env bash\ntrue\n")
        self.project.write("tests/site/site.test.js", BROWSER)
        self.project.write("tests/scripts/test_some.py", PYTHON)
        self.project.write("tests/conformance/test_some.py", PYTHON)
        self.project.write("docs/src/12_testing/test_some.py", PYTHON)
        self.project.write("tests/library/test_some.py", PYTHON)
        self.project.write("tests/proxy/test_some.py", PYTHON)
        self.project.write("tests/audit/test_some.py", PYTHON)
        self.project.write("tests/attack/test_some.py", PYTHON)
        self.project.write("tests/conformance/run.py", CONVERSATIONS)
        (self.project.folder / "tests/conformance/run.py").chmod(0o755)

    def run_script(self, *arguments):
        """Its exit status, its last line, and all that it printed."""
        done = subprocess.run(
            [self.project.folder / "scripts/test.sh", *arguments], cwd="/", stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=300, check=False,
        )
        return done.returncode, done.stdout.splitlines()[-1], done.stdout

    def test_counts_every_test_of_every_suite(self):
        # 5 checks, the build, 2 + 1 tests of CTest, 2 + 2 + 2 + 2 + 2 + 2 + 2 of Python, 4 + 3 + 4 + 4 conversations, 2 of Node,
        # the site and 2 tests of it, clang-tidy.
        status, last, printed = self.run_script()
        self.assertEqual((status, last), (0, "44 passed, 0 failed"), printed)

    def test_quick_runs_the_checks_and_the_unit_tests(self):
        status, last, printed = self.run_script("--quick")
        self.assertEqual((status, last), (0, "8 passed, 0 failed"), printed)

    def test_ci_adds_the_suites_with_sanitizers(self):
        # The build, 3 tests of CTest, 3 + 3 conversations.
        status, last, printed = self.run_script("--ci")
        self.assertEqual((status, last), (0, "54 passed, 0 failed"), printed)
        closing = [line for line in printed.splitlines() if re.fullmatch(r"\d+ passed, \d+ failed", line)]
        self.assertEqual(closing, [last])

    def test_tsan_runs_the_unit_and_integration_tests(self):
        status, last, printed = self.run_script("--tsan")
        self.assertEqual((status, last), (0, "4 passed, 0 failed"), printed)
        status, last, printed = self.run_script("--tsan", "one")
        self.assertEqual((status, last), (0, "2 passed, 0 failed"), printed)

    def test_refuses_two_modes_at_once(self):
        for first, second in [("--sanitize", "--quick"), ("--tsan", "--ci"), ("--fuzz=5", "--sanitize")]:
            status, _, printed = self.run_script(first, second)
            self.assertEqual(status, 1)
            self.assertIn(f"{first.split('=')[0]} and {second} do not go together", printed)

    def test_runs_the_named_tests_only(self):
        status, last, printed = self.run_script("one", "thr")
        self.assertEqual((status, last), (0, "3 passed, 0 failed"), printed)
        status, last, printed = self.run_script("--sanitize", "one")
        self.assertEqual((status, last), (0, "2 passed, 0 failed"), printed)

    def test_fails_where_a_name_fits_no_test(self):
        status, last, printed = self.run_script("nothing")
        self.assertEqual((status, last), (1, "1 passed, 1 failed"), printed)
        self.assertIn("No test was run", printed)

    def test_counts_what_fails_and_goes_on(self):
        self.project.write("CMakeLists.txt", self.cmake + CTEST.replace("two COMMAND true", "two COMMAND false"))
        self.project.write("tests/browser/connection.test.js", BROWSER + 'test("broken", () => { throw Error("no"); });')
        self.project.write("tests/scripts/test_some.py", PYTHON.replace("test_two(self): pass", "test_two(self): 1 / 0"))
        self.project.change("return 2;", "return  2;")
        status, last, printed = self.run_script()
        self.assertEqual((status, last), (1, "41 passed, 4 failed"), printed)
        self.assertIn("chapter08/main.cpp", printed)
        told = printed.partition("== what failed")[2].partition("== summary")[0]
        for what in ["chapter08/main.cpp", "***Failed", "ZeroDivisionError", "broken"]:
            self.assertIn(what, told)
        self.assertNotIn("test_one", told)

    def test_leaves_out_what_needs_a_build_that_failed(self):
        self.project.change("return 2;", "return two;")
        status, last, printed = self.run_script()
        self.assertEqual((status, last), (1, "5 passed, 1 failed"), printed)

    def test_a_file_that_cannot_be_loaded_is_a_failure(self):
        self.project.write("tests/browser/connection.test.js", 'import "./missing.js";')
        self.project.write("tests/scripts/test_some.py", "import missing")
        status, last, printed = self.run_script()
        self.assertEqual((status, last), (1, "40 passed, 2 failed"), printed)

    def test_refuses_an_option_it_does_not_know(self):
        status, _, printed = self.run_script("--sanitise")
        self.assertEqual(status, 1)
        self.assertIn("unknown option --sanitise", printed)

    def test_refuses_to_fuzz_for_no_time(self):
        status, _, printed = self.run_script("--fuzz=soon")
        self.assertEqual(status, 1)
        self.assertIn("--fuzz=soon", printed)


if __name__ == "__main__":
    unittest.main()
