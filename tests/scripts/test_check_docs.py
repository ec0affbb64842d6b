"""What scripts/check_docs.py finds in a project of its own, and what it lets pass."""

import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

SCRIPT = Path(__file__).parents[2] / "scripts" / "check_docs.py"
sys.path.insert(0, str(SCRIPT.parent))

import check_docs  # noqa: E402
from lib import words  # noqa: E402


class CheckDocs(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.project = Path(folder.name).resolve() / "the project"
        (self.project / "scripts/lib").mkdir(parents=True)
        shutil.copy(SCRIPT, self.project / "scripts")
        for name in ("words.py", "words.txt", "terms.txt"):
            shutil.copy(SCRIPT.parent / "lib" / name, self.project / "scripts/lib")
        self.write("docs/src/01_echo/main.cpp", "int main() {}")
        self.page("faq.md", "# Questions\n\n## Is it `async`?\n\n## Is it, really?\n")

    def write(self, path, text):
        path = self.project / path
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")

    def page(self, name, text, twin=None):
        self.write(f"docs/{name}", text)
        self.write(f"docs/zh-TW/{name}", text if twin is None else twin)

    def check(self):
        """What it says is wrong, line by line."""
        done = subprocess.run(
            [self.project / "scripts/check_docs.py"], cwd="/", stdin=subprocess.DEVNULL, capture_output=True,
            text=True, timeout=60, check=False,
        )  # fmt: skip
        self.assertEqual(done.returncode, 1 if done.stderr else 0, done.stderr)
        return done.stderr.splitlines()

    def one(self, *texts):
        """It says one thing, which holds these texts."""
        said = self.check()
        self.assertEqual(len(said), 1, said)
        for text in texts:
            self.assertIn(text, said[0])

    def link(self, link, page="en"):
        """Puts a link into a page of one language, and a good one into its twin."""
        good = "# T\n\n[a](faq.md)\n"
        texts = (f"# T\n\n[a]({link})\n", good)
        self.page("faqs.md", *(texts if page == "en" else texts[::-1]))

    # -- twins

    def test_pages_with_the_same_headings_pass(self):
        self.page("01_echo.md", "# One\n\n## Two\n\n### Three\n\n## Four\n", "# 一\n\n## 二\n\n### 三\n\n## 四\n")
        self.assertEqual(self.check(), [])

    def test_finds_a_page_that_one_language_lacks(self):
        self.write("docs/settings.md", "# S\n")
        self.one("docs/settings.md:1: ", "no docs/zh-TW/settings.md")
        (self.project / "docs/settings.md").rename(self.project / "docs/zh-TW/settings.md")
        self.one("docs/zh-TW/settings.md:1: ", "no docs/settings.md")

    def test_finds_a_heading_that_one_language_lacks(self):
        self.page("a.md", "# One\n\n## Two\n\n## Three\n", "# 一\n\n## 二\n")
        self.one("docs/zh-TW/a.md:1: ", "docs/a.md:5", "“## Three”")
        self.page("a.md", "# One\n\n## Two\n", "# 一\n\n## 二\n\n### 三\n")
        self.one("docs/a.md:1: ", "docs/zh-TW/a.md:5", "“### 三”")

    def test_finds_headings_of_different_levels_or_order(self):
        self.page("a.md", "# One\n\n## Two\n\n### Three\n", "# 一\n\n### 二\n\n## 三\n")
        self.one("docs/zh-TW/a.md:3: ", "docs/a.md:3", "“## Two”", "the levels differ")

    def test_a_page_has_one_title_at_its_top(self):
        for text in ("## Two\n\n# One\n", "# One\n\n# Another\n", "Text\n"):
            with self.subTest(text):
                self.page("a.md", text)
                self.assertEqual(len(self.check()), 2)
                self.assertIn("one heading of level 1", self.check()[0])

    def test_code_and_comments_have_no_headings_and_no_links(self):
        text = "# One\n\n```sh\n# no heading [a](nowhere.md)\n```\n\n<!--\n# none [a](nowhere.md)\n-->\n\n`[a](nowhere.md)`\n"
        self.page("a.md", text, "# 一\n")
        self.assertEqual(self.check(), [])

    # -- links

    def test_good_links_pass(self):
        for link in ("faq.md", "faq.md#is-it-async", "#t", "src/01_echo/main.cpp", "src/01_echo/", "src",
                     "https://example.com/x#y", "mailto:a@b", "<faq.md>", 'faq.md "title"', "../scripts/check_docs.py"):  # fmt: skip
            with self.subTest(link):
                self.link(link)
                self.assertEqual(self.check(), [])

    def test_finds_a_link_that_leads_nowhere(self):
        for link in ("nowhere.md", "src/01_echo/other.cpp", "faq.md/", "../README.md"):
            with self.subTest(link):
                self.link(link)
                self.one("docs/faqs.md:3: ", link, "leads nowhere")

    def test_finds_an_anchor_that_is_no_heading(self):
        for link in ("faq.md#nothing", "#nothing", "faq.md#Is-it-async"):
            with self.subTest(link):
                self.link(link)
                self.one("docs/faqs.md:3: ", link, "no heading of docs/")

    def test_finds_links_from_the_root_and_out_of_the_project(self):
        self.link("/faq.md")
        self.one("begins at the root")
        self.link("../../outside.md")
        self.one("leads out of the project")

    def test_finds_links_in_html_references_and_front_matter(self):
        for text in ('<img src="nowhere.png" alt="">', "[a]: nowhere.png", "![a](nowhere.png)", "[[a](nowhere.png)](faq.md)"):
            with self.subTest(text):
                self.page("faqs.md", f"# T\n\n{text}\n", "# T\n")
                self.one("docs/faqs.md:3: ", "nowhere.png")
        front = "---\nhero:\n  actions:\n    - text: Start\n      link: /{}\n---\n"
        self.page("faqs.md", "# T\n")
        self.page("index.md", front.format("nowhere"), front.format("zh-TW/faq"))
        self.one("docs/index.md:5: ", "the link /nowhere.md leads nowhere")

    def test_a_page_links_to_its_own_language(self):
        self.link("zh-TW/faq.md")
        self.one("docs/faqs.md:3: ", "leads to the other language: faq.md is")
        self.link("../faq.md", "zh")
        self.one("docs/zh-TW/faqs.md:3: ", "leads to the other language: faq.md is")
        self.link("../src/01_echo/main.cpp", "zh")
        self.assertEqual(self.check(), [])

    def test_looks_at_the_readme_too(self):
        self.write("README.md", "# P\n\n[a](docs/faq.md#is-it-async)\n\n[b](docs/nowhere.md)\n\n[zh](docs/zh-TW/faq.md)\n")
        self.one("README.md:5: ", "nowhere")

    # -- chapters

    def test_a_chapter_has_its_programs(self):
        self.page("01_echo.md", "# One\n")
        self.page("14_faults.md", "# Fourteen\n")
        self.assertEqual(self.check(), [])
        self.page("02_coroutines.md", "# Two\n")
        said = self.check()
        self.assertEqual(len(said), 2, said)
        self.assertIn("docs/02_coroutines.md:1: a chapter without programs", said[0])
        self.page("02b_more.md", "# More of two\n")
        self.assertIn("docs/02b_more.md:1: a chapter without programs", "\n".join(self.check()))

    def test_finds_a_program_that_is_longer_than_promised(self):
        for path in ("02_x/main.cpp", "02b_x/connection_manager.hpp", "02_x/fastapi_app.py"):
            mark = "#" if path.endswith(".py") else "//"
            with self.subTest(path):
                self.write(f"docs/src/{path}", f"{mark} [part]\n" + "line\n" * 120 + f"  {mark} [/part]\n")
                self.assertEqual(self.check(), [])
                self.write(f"docs/src/{path}", "line\n" * 121)
                self.one(f"docs/src/{path}:121: ", "121 lines", "120 is the most", "a file of its own")
                self.write(f"docs/src/{path}", "")

    def test_the_whole_chat_may_be_of_any_length_and_so_may_what_is_no_program(self):
        for path in ("08_chat/fastapi_app.py", "02_x/expected.txt", "faq/long.py"):
            self.write(f"docs/src/{path}", "line\n" * 300)
        self.assertEqual(self.check(), [])

    # -- words

    def test_finds_words_that_the_docs_avoid(self):
        for text in (
            "Whoever connects is counted.", "The client has gone.", "Who disconnects leaves all rooms.",
            "It waits for\never.", "| a | one may type |", "- It comes back, and it is no frame.",
        ):  # fmt: skip
            with self.subTest(text):
                self.page("faq.md", f"# Q\n\n{text}\n", "# 問\n")
                self.one("docs/faq.md:3: ", "the docs avoid")

    def test_finds_terms_that_the_chinese_docs_avoid(self):
        for text, better in {"HTTP 響應": "回應", "等 10 s 就好": "秒", "支持 wss": "支援", "斷開連接": "中斷連線"}.items():
            with self.subTest(text):
                self.page("faq.md", "# Q\n", f"# 問\n\n{text}\n")
                self.assertIn(better, self.check()[0])
                self.assertIn("docs/zh-TW/faq.md:3: ", self.check()[0])

    def test_names_the_line_on_which_a_word_is(self):
        self.page("faq.md", "# Q\n\nOne line,\nand then\nwhoever comes.\n", "# 問\n")
        self.one("docs/faq.md:5: ", "whoever", "anybody who")

    def test_lets_code_quotations_links_and_plain_english_pass(self):
        self.page(
            "faq.md",
            "# Who may look\n\nWho hears what? A guest who types `anew`, “whoever”, or [this](faq.md#hence).\n\n"
            "```text\nwhoever\n```\n\n<!-- whoever\nmends -->\n\n> Whoever said so.\n\n"
            "The next one gets 503, so that one can fail. There is no room, and it is no longer there.\n\n"
            "## Hence\n".replace("Hence", "`hence`"),
            "# 誰\n\n`10 s`\n\n## `hence`\n",
        )
        self.assertEqual(self.check(), [])

    def test_each_rule_says_what_is_better_and_lets_a_plain_sentence_pass(self):
        for path in (words.ENGLISH, words.CHINESE):
            for rule in words.read_rules(path):
                self.assertTrue(rule.better, rule.pattern.pattern)
                self.assertIsNone(rule.pattern.search("A plain sentence, 一句話。"), rule.pattern.pattern)

    def test_refuses_a_list_without_its_arrows(self):
        self.write("words.txt", "# fine\nwhoever: anybody\n")
        with self.assertRaisesRegex(ValueError, "words.txt:2: "):
            words.read_rules(self.project / "words.txt")

    # -- names of headings

    def test_names_headings_as_code_hosts_do(self):
        for heading, slug in {
            "What differs, and why": "what-differs-and-why",
            "`co_await` & `await`": "co_await--await",
            "The endpoint `/ws/chat/{username}`": "the-endpoint-wschatusername",
            "哪裡不同，為什麼": "哪裡不同為什麼",
            "01 · The first *WebSocket*": "01--the-first-websocket",
            "[A link](faq.md) and __bold__, snake_case": "a-link-and-bold-snake_case",
            "C++20": "c20",
        }.items():
            self.assertEqual(check_docs.slugify(check_docs.plain(heading)), slug)

    def test_counts_headings_of_one_name(self):
        self.page("a.md", "# One\n\n## Hint\n\n## Hint\n\n[x](#hint-1)\n\n[y](#hint-2)\n", "# 一\n\n## 二\n\n## 三\n")
        self.one("docs/a.md:9: ", "#hint-2")


if __name__ == "__main__":
    unittest.main()
