"""What scripts/check_coroutines.py refuses, and what it must let pass."""

import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

SCRIPT = Path(__file__).parents[2] / "scripts" / "check_coroutines.py"
sys.path.insert(0, str(SCRIPT.parent))

import check_coroutines  # noqa: E402

REFUSED = {
    "braces": [
        "co_await send({1, 2});",
        "co_await send(Message{text});",
        "co_await send(std::vector<int>{1, 2});",
        "auto reply = Reply{co_await receive()};",
        "Reply reply{co_await receive()};",
        "const std::array<int, 2> pair = {co_await first(), co_await second()};",
        "save({1}, co_await receive());",
        "co_return Reply{co_await receive()};",
        "if (co_await send({1})) { done(); }",
        "for (auto item : co_await list({1})) { use(item); }",
        "for (int i = 0; co_await more(Limit{i}); ++i) { use(i); }",
        "co_await p->send(Message{1});",
        "co_await send(p->queue, Message{1});",
        "if (ready) co_await send(Message{1});",
        "else_of: co_await send(\n    a,\n    Message{1});",
        "co_await (sender(Frame{1}) || receiver());",
        "throw Failure{co_await reason()};",
    ],
    "lambda": [
        "co_await run([&] { return 1; });",
        "co_await run([x](int a) mutable { return a + x; });",
        "co_await run([] { return 1; });",
        "co_await [&]() -> awaitable<void> { co_return; }();",
        "const bool ok = co_await wait_until([=] { return done; }, 5s);",
        "visit([](auto& v) { return v; }, co_await receive());",
        "co_await co_spawn(executor, [this]() -> awaitable<void> { co_await run(); }, use_awaitable);",
        "co_await (ready && [&] { return 1; }());",
    ],
    "conditional": [
        "co_await (fast ? run() : walk());",
        "auto text = ready ? co_await receive() : std::string();",
        "co_await send(name.empty() ? \"Anonymous\" : name);",
        "co_return co_await first() ? 1 : 2;",
        "while (co_await next() ? a : b) { go(); }",
    ],
}

PASSED = [
    "co_await websocket.accept();",
    "auto data = co_await websocket.receive_text();",
    "if (co_await ready()) { go(); }",
    "if (co_await ready()) {\n    go();\n} else {\n    stop();\n}",
    "while (true) { co_await receive(); }",
    "for (int i = 0; i < 3; ++i) { co_await send(i); }",
    "for (int i = f({1}); i < 3; ++i) co_await send(i);",
    "for (auto x : co_await list()) { use({x}); }",
    "if (auto got = co_await receive(); got.ok) { use(Message{got}); }",
    "switch (co_await kind()) { case 1: co_await one(); break; default: co_await other(); }",
    "try { co_await run(); } catch (const Failure&) { failed = Message{1}; }",
    "Message message{text};\nco_await send(message);",
    "auto size = small ? 1 : 2;\nco_await send(size);",
    "do { co_await step(); } while (more({1}));",
    "{ co_await step(); }",
    "auto [first, second] = co_await both();",
    "const auto& [first, second] = co_await both();",
    "auto&& [first, second] = co_await both();",
    "co_await send(list[0], matrix[i][j], table[key()]);",
    "[[maybe_unused]] auto x = co_await one();",
    "auto task = [](int n) -> awaitable<void> { co_await send(n); };\nco_await task(1);",
    "auto task = [this]() -> awaitable<std::pair<int, int>> { co_await run(); co_return {1, 2}; };",
    "co_spawn(executor, [this]() -> awaitable<void> { co_await run(); }, detached);",
    "co_await send(\"{}\", '{', R\"x({ ? [&](){} })x\", 1'000'000, '\\'', u8\"?\");",
    "co_await send(1);  // {1} ? [&] { }\n/* {2} ? 3 : 4 */",
    "#define SEND(x) co_await send({x})\nint a;",
    "#define LONG(x) \\\n    co_await send({x})\nint a;",
    "co_await timer.async_wait(use_awaitable);\nstd::vector<int> v{1};",
    "bool operator co_await(Task t) { return t ? 1 : 2; }",
    "#if A\nvoid f() {\n#else\nvoid g() {\n#endif\n    co_await one();\n    Message m{1};\n}",
]

WRAPPED = "namespace a {{\nstruct S : B<int> {{\n    awaitable<void> f(int x = {{}}) const {{\n{}\n    }}\n}};\n}}\n"


class CheckCoroutines(unittest.TestCase):
    def test_refuses_what_gcc_12_gets_wrong(self):
        for rule, samples in REFUSED.items():
            for sample in samples:
                with self.subTest(rule=rule, sample=sample):
                    found = check_coroutines.check(WRAPPED.format(sample))
                    self.assertEqual([finding.rule for finding in found], [rule])

    def test_lets_pass_what_is_sound(self):
        for sample in PASSED:
            with self.subTest(sample=sample):
                self.assertEqual(check_coroutines.check(WRAPPED.format(sample)), [])

    def test_tells_functions_from_lists_by_what_stands_before_the_brace(self):
        for head in (
            "awaitable<void> f()",
            "auto f() -> awaitable<void>",
            "auto f() -> awaitable<std::pair<A, B>>",
            "template <class T> requires Ok<T> awaitable<T> f() noexcept",
            "template <class T> awaitable<T> f() requires Ok<T>",
            "awaitable<void> C::f() &&",
        ):
            with self.subTest(head=head):
                self.assertEqual(check_coroutines.check(head + " { co_await g(); }"), [])

    def test_names_the_line_and_the_way_out(self):
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, "sample.cpp")
            path.write_text("void f() {\n    co_await g(\n        {1});\n}\n", encoding="utf-8")
            bad = subprocess.run([SCRIPT, path], capture_output=True, text=True, check=False)
            path.write_text("void f() {\n    co_await g(1);\n}\n", encoding="utf-8")
            good = subprocess.run([SCRIPT, path], capture_output=True, text=True, check=False)
        self.assertEqual(bad.returncode, 1)
        self.assertIn(f"{path}:3: a braced list", bad.stdout)
        self.assertIn("build the object in one statement", bad.stdout)
        self.assertEqual((good.returncode, good.stdout), (0, ""))


if __name__ == "__main__":
    unittest.main()
