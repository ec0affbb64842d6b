"""What scripts/snippets.py fills in, and what it refuses, in a project of its own."""

import shutil
import subprocess
import tempfile
import unittest
from pathlib import Path

SCRIPT = Path(__file__).parents[2] / "scripts" / "snippets.py"

CPP = """// Echo.
#include "beastapi/app.hpp"

// [handler]
awaitable<void> echo(WebSocket websocket) {
    co_await websocket.accept();
    // [loop]
    while (true) {
        co_await websocket.send_text(co_await websocket.receive_text());
    }
    // [/loop]
}
// [/handler]
"""
FASTAPI = """\
# [handler]
@app.websocket("/ws")
async def echo(websocket):
    await websocket.accept()
    # [loop]
    while True:
        text = await websocket.receive_text()
        await websocket.send_text(text)
    # [/loop]
# [/handler]
"""
FLASK = """\
# [handler]
@socketio.on("message")
def echo(text):
    emit("message", text)
# [/handler]
"""


def block(kind, source, *options, body=""):
    opening = "\n".join([f"<!-- {kind} {source}", *options, "-->"]) if options else f"<!-- {kind} {source} -->"
    return f"{opening}\n{body}<!-- /{kind} -->\n"


class Snippets(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.project = Path(folder.name).resolve() / "the project"
        (self.project / "scripts").mkdir(parents=True)
        shutil.copy(SCRIPT, self.project / "scripts")
        self.write("docs/src/01_echo/main.cpp", CPP)
        self.write("docs/src/01_echo/fastapi_app.py", FASTAPI)
        self.write("docs/src/01_echo/flask_socketio_app.py", FLASK)

    def write(self, path, text):
        path = self.project / path
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")

    def run_script(self, *arguments):
        """Its exit status, and what it said was wrong."""
        done = subprocess.run(
            [self.project / "scripts/snippets.py", *arguments], cwd=self.project, timeout=60, check=False,
            stdin=subprocess.DEVNULL, capture_output=True, text=True,
        )  # fmt: skip
        return done.returncode, done.stderr

    def filled(self, page, path="docs/01_echo.md"):
        """The page after the script has run, which has to succeed and leave nothing to do."""
        self.write(path, page)
        self.assertEqual(self.run_script(), (0, ""))
        self.assertEqual(self.run_script("--check"), (0, ""))
        return (self.project / path).read_text(encoding="utf-8")

    def refused(self, page, *texts):
        """The page is refused with one line that holds these texts, and stays as it was."""
        self.write("docs/01_echo.md", page)
        for arguments in ([], ["--check"]):
            status, said = self.run_script(*arguments)
            self.assertEqual((status, len(said.splitlines())), (1, 1), said)
            for text in texts:
                self.assertIn(text, said)
        self.assertEqual((self.project / "docs/01_echo.md").read_text(), page)

    # -- single snippets

    def test_fills_a_region_in_without_its_markers_and_dedented(self):
        page = "Before\n\n" + block("snippet", "src/01_echo/main.cpp#loop") + "\nBehind\n"
        self.assertEqual(
            self.filled(page),
            "Before\n\n<!-- snippet src/01_echo/main.cpp#loop -->\n```cpp\nwhile (true) {\n"
            "    co_await websocket.send_text(co_await websocket.receive_text());\n}\n```\n"
            "<!-- /snippet -->\n\nBehind\n",
        )

    def test_a_region_holds_those_within_it_but_no_marker(self):
        filled = self.filled(block("snippet", "src/01_echo/main.cpp#handler"))
        self.assertIn("accept();\n    while (true) {", filled)
        self.assertNotIn("[", filled)

    def test_without_a_region_it_is_the_whole_file(self):
        filled = self.filled(block("snippet", "src/01_echo/main.cpp"))
        self.assertIn("```cpp\n// Echo.\n#include", filled)
        self.assertIn("\n}\n```\n", filled)
        self.assertNotIn("[loop]", filled)

    def test_knows_the_comments_and_the_names_of_other_languages(self):
        for file, marker, language in (
            ("page.html", "<!-- [x] -->|<!-- [/x] -->", "html"),
            ("style.css", "/* [x] */|/* [/x] */", "css"),
            ("run.sh", "# [x]|# [/x]", "sh"),
            ("01.chat", "# [x]|# [/x]", "text"),
            ("CMakeLists.txt", "# [x]|# [/x]", "cmake"),
        ):
            with self.subTest(file):
                opening, closing = marker.split("|")
                self.write(f"tests/{file}", f"one\n{opening}\n    two\n{closing}\n")
                filled = self.filled(block("snippet", f"../tests/{file}#x"))
                self.assertIn(f"```{language}\ntwo\n```\n", filled)

    def test_keeps_the_indent_of_a_list(self):
        filled = self.filled("- item\n\n  <!-- snippet src/01_echo/main.cpp#loop -->\n  <!-- /snippet -->\n")
        self.assertIn("-->\n  ```cpp\n  while (true) {\n      co_await", filled)

    def test_a_fence_in_the_code_does_not_end_it(self):
        self.write("docs/src/01_echo/page.md", "````sh\nls\n````\n<!-- /snippet -->\n")
        filled = self.filled(block("snippet", "src/01_echo/page.md"))
        self.assertIn("`````md\n````sh\nls\n````\n<!-- /snippet -->\n`````\n<!-- /snippet -->\n", filled)

    def test_leaves_examples_in_fences_and_the_rest_of_a_page_alone(self):
        page = "```\n" + block("snippet", "src/nowhere.cpp") + "```\nno newline at the end"
        self.assertEqual(self.filled(page), page)

    def test_fills_in_the_pages_that_it_is_given_only(self):
        page = block("snippet", "src/01_echo/main.cpp#loop")
        self.write("docs/one.md", page)
        self.write("docs/two.md", page)
        self.assertEqual(self.run_script("docs/one.md"), (0, ""))
        self.assertIn("while", (self.project / "docs/one.md").read_text())
        self.assertEqual((self.project / "docs/two.md").read_text(), page)
        self.assertEqual(self.run_script("--check", "docs/one.md"), (0, ""))
        self.assertEqual(self.run_script("docs/three.md")[0], 2)

    # -- stale pages

    def test_check_finds_what_was_edited_by_hand(self):
        filled = self.filled(block("snippet", "src/01_echo/main.cpp#loop"))
        edited = filled.replace("while (true)", "for (;;)")
        self.write("docs/01_echo.md", edited)
        status, said = self.run_script("--check")
        self.assertEqual((status, len(said.splitlines())), (1, 1), said)
        self.assertTrue(said.startswith("docs/01_echo.md:3: "), said)
        self.assertIn("run scripts/snippets.py", said)
        self.assertEqual((self.project / "docs/01_echo.md").read_text(), edited)
        self.assertEqual(self.filled(edited), filled)

    def test_check_finds_that_the_source_has_changed(self):
        filled = self.filled(block("stacks", "src/01_echo#handler"))
        self.write("docs/src/01_echo/main.cpp", CPP.replace("while (true)", "for (;;)"))
        self.assertEqual(self.run_script("--check")[0], 1)
        self.assertEqual(self.filled(filled), filled.replace("while (true)", "for (;;)"))

    # -- three versions

    def test_puts_the_three_versions_side_by_side(self):
        page = block("stacks", "src/01_echo#handler", "accept: accept\\(", "answer: send_text|emit", "both: text")
        self.assertEqual(
            self.filled(page),
            "<!-- stacks src/01_echo#handler\naccept: accept\\(\nanswer: send_text|emit\nboth: text\n-->\n"
            "**Flask-SocketIO**: [flask_socketio_app.py](src/01_echo/flask_socketio_app.py)\n\n"
            '```python [Flask-SocketIO] parts="answer:3,both:2-3"\n'
            '@socketio.on("message")\ndef echo(text):\n    emit("message", text)\n```\n\n'
            "**FastAPI**: [fastapi_app.py](src/01_echo/fastapi_app.py)\n\n"
            '```python [FastAPI] parts="accept:3,answer:6,both:5-6"\n'
            '@app.websocket("/ws")\nasync def echo(websocket):\n    await websocket.accept()\n    while True:\n'
            "        text = await websocket.receive_text()\n        await websocket.send_text(text)\n```\n\n"
            "**C++**: [main.cpp](src/01_echo/main.cpp)\n\n"
            '```cpp [C++] parts="accept:2,answer:4,both:4"\n'
            "awaitable<void> echo(WebSocket websocket) {\n    co_await websocket.accept();\n    while (true) {\n"
            "        co_await websocket.send_text(co_await websocket.receive_text());\n    }\n}\n```\n"
            "<!-- /stacks -->\n",
        )

    def test_one_expression_for_each_version(self):
        filled = self.filled(block("stacks", "src/01_echo#handler", "x: on\\( ## websocket\\( ##"))
        self.assertIn('[Flask-SocketIO] parts="x:1"', filled)
        self.assertIn('[FastAPI] parts="x:1"', filled)
        self.assertIn("```cpp [C++]\n", filled)

    def test_lines_that_do_not_touch_are_joined_by_a_plus(self):
        filled = self.filled(block("stacks", "src/01_echo#handler", "x: websocket\\W"))
        self.assertIn('[FastAPI] parts="x:1-3+5-6"', filled)

    def test_links_from_the_other_language_lead_to_the_same_files(self):
        filled = self.filled(block("stacks", "src/01_echo#handler"), "docs/zh-TW/01_echo.md")
        self.assertIn("(../src/01_echo/main.cpp)", filled)

    def test_leaves_a_version_out_where_the_page_says_so(self):
        filled = self.filled(block("stacks", "src/01_echo#loop", "without: flask", "send: send_text"))
        self.assertNotIn("Flask", filled.split("-->", 1)[1])
        self.assertIn('[C++] parts="send:2"', filled)

    def test_takes_a_version_from_another_file(self):
        self.write("chapter08/echo.cpp", "// [it]\nelsewhere();\n// [/it]\n")
        filled = self.filled(block("stacks", "src/01_echo#handler", "cpp: ../chapter08/echo.cpp#it"))
        self.assertIn("**C++**: [echo.cpp](../chapter08/echo.cpp)\n\n```cpp [C++]\nelsewhere();\n```\n", filled)

    # -- mistakes: one clear line each

    def test_refuses_a_region_that_is_not_there(self):
        for kind, source in (("snippet", "src/01_echo/main.cpp#lop"), ("stacks", "src/01_echo#lop")):
            with self.subTest(kind):
                self.refused("\n" + block(kind, source), "docs/01_echo.md:2: ", "no region [lop]; there are: handler")

    def test_refuses_a_region_that_one_version_lacks(self):
        self.refused(
            block("stacks", "src/01_echo#loop"),
            "docs/01_echo.md:1: ", "flask_socketio_app.py has no region [loop]", "`without: flask`",
        )  # fmt: skip

    def test_refuses_a_part_that_fewer_than_two_versions_have(self):
        self.refused(block("stacks", "src/01_echo#handler", "x: emit"), ":2: the part x", "only Flask-SocketIO")
        self.refused(block("stacks", "src/01_echo#handler", "a: text", "x: nowhere"), ":3: the part x", "no version")

    def test_refuses_what_it_cannot_read(self):
        loop = "src/01_echo/main.cpp#loop"
        for page, texts in {
            f"a\n\n<!-- snippet {loop} -->\n": [":3: ", "never closed: add <!-- /snippet -->"],
            f"<!-- snippet {loop} -->\n<!-- /stacks -->\n": [":1: ", "never closed"],
            f"<!-- snippet {loop} -->\n```\n<!-- /snippet -->\n": [":1: ", "never closed"],
            "<!-- stacks src/01_echo#handler\nx: y\n": [":1: ", "comment is never closed"],
            "<!-- stacks src/01_echo#handler\nx: y -->\n": [":2: ", "a line of its own"],
            "a\n<!-- /snippet -->\n": [":2: ", "closes nothing"],
            block("snippet", ""): [":1: ", "expected <!-- snippet PATH"],
            block("snippet", loop, "x: y"): [":2: ", "one line"],
            block("snippet", "src/nowhere.cpp"): [":1: ", "no file docs/src/nowhere.cpp"],
            block("snippet", "../../../etc/passwd"): [":1: ", "stays in the project"],
            block("stacks", "src/01_echo#handler", "x y"): [":2: ", "expected `name: regular expression`"],
            block("stacks", "src/01_echo#handler", "x: ("): [":2: ", "no regular expression"],
            block("stacks", "src/01_echo#handler", "x:"): [":2: ", "no regular expression"],
            block("stacks", "src/01_echo#handler", "x: a ## b"): [":2: ", "has 2 expressions"],
            block("stacks", "src/01_echo#handler", "x: text", "x: text"): [":3: ", "a second part named x"],
            block("stacks", "src/01_echo#handler", "without: django"): [":2: ", "no stack is named django"],
        }.items():  # fmt: skip
            with self.subTest(page):
                self.refused(page, *texts)

    def test_a_block_that_is_not_closed_does_not_swallow_the_next(self):
        loop = block("snippet", "src/01_echo/main.cpp#loop")
        self.write("docs/01_echo.md", loop.split("\n")[0] + "\n" + loop)
        status, said = self.run_script()
        self.assertEqual((status, len(said.splitlines())), (1, 1), said)
        self.assertIn("docs/01_echo.md:1: ", said)
        self.assertIn("while (true)", (self.project / "docs/01_echo.md").read_text())

    def test_refuses_markers_that_do_not_pair(self):
        for source, texts in {
            "// [x]\none\n": ["main.cpp:1: ", "never closed"],
            "one\n// [/x]\n": ["main.cpp:2: ", "not open"],
            "// [x]\na\n// [/x]\n// [x]\nb\n// [/x]\n": ["main.cpp:4: ", "a second region"],
            "// [x]\n// [/x]\n": ["region [x] is empty"],
        }.items():
            with self.subTest(source):
                self.write("docs/src/01_echo/main.cpp", source)
                self.refused(block("snippet", "src/01_echo/main.cpp#x"), "docs/01_echo.md:1: ", *texts)

    def test_fills_in_what_is_right_beside_what_is_wrong(self):
        self.write(
            "docs/01_echo.md",
            block("snippet", "src/01_echo/main.cpp#loop") + block("snippet", "src/01_echo/main.cpp#lop"),
        )
        status, said = self.run_script()
        self.assertEqual((status, len(said.splitlines())), (1, 1), said)
        self.assertIn("while (true)", (self.project / "docs/01_echo.md").read_text())


if __name__ == "__main__":
    unittest.main()
