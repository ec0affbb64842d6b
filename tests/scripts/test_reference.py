"""The reference names all that there is: beastapi's classes and functions, and each setting."""

import os
import re
import subprocess
import unittest
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
HEADERS = sorted((ROOT / "chapter08" / "beastapi").glob("*.hpp"))
PROGRAM = Path(os.environ.get("CHAPTER08", ROOT / "build/release/chapter08/chapter08"))
LANGUAGES = {"English": ROOT / "docs", "Chinese": ROOT / "docs" / "zh-TW"}

STRING_OR_COMMENT = re.compile(r'"(?:\\.|[^"\\])*"|//[^\n]*|/\*.*?\*/', re.DOTALL)
TYPE = re.compile(r"(?:class|struct|union|enum(?: class)?)\s+(?:\[\[\w+\]\]\s*)?([\w:]+)")
TEMPLATE = re.compile(r"template\s*<(?:[^<>]|<[^<>]*>)*>")
FUNCTION = re.compile(r"(operator\W+|~?\w+)\s*\(")
NUMBER = re.compile(r"\d[\d,.]*\d|\d")
VARIABLE = re.compile(r"(\w+)\s*(?:=.*)?$", re.DOTALL)


def without_comments(text: str) -> str:
    """C++ without comments, contents of strings, and lines of the preprocessor."""
    text = STRING_OR_COMMENT.sub(lambda found: '""' if found[0][0] == '"' else " ", text)
    return re.sub(r"^\s*#.*$", "", text, flags=re.MULTILINE)


def public_names(text: str) -> set[str]:
    """What a header declares for its users, as `name` or `Class::name`.

    Not: what is private, in a namespace `detail`, a constructor, a destructor, an operator, a
    friend, or a specialisation of somebody else's template.
    """
    names: set[str] = set()
    scopes: list[tuple[str, bool]] = []  # open types and namespaces: the name, whether public
    skipped = 0  # depth inside of a body, an initialiser or something that is nobody's business
    head = ""
    for char in without_comments(text):
        if skipped:
            skipped += {"{": 1, "}": -1}.get(char, 0)
            if not skipped and not head.strip().endswith("="):
                continue
        elif char in "{;:" and head.count("(") > head.count(")"):
            head += char
            skipped = char == "{"
        elif char == "{":
            declared = TEMPLATE.sub("", head).strip()
            type_ = TYPE.match(declared)
            if declared.startswith("namespace"):
                name = declared.removeprefix("namespace").strip()
                if name == "detail" or not name:
                    skipped = 1
                else:
                    scopes.append(("" if name.startswith("beastapi") else name, True))
                head = ""
            elif type_ and "(" not in declared and not declared.startswith("friend"):
                public = all(public for _, public in scopes) and not type_[1].startswith("std::")
                if public and declared.startswith("enum"):
                    names.add(qualified(scopes, type_[1]))
                    skipped = 1
                else:
                    if public:
                        names.add(qualified(scopes, type_[1]))
                    scopes.append((type_[1], public and not declared.startswith("class")))
                head = ""
            else:
                skipped = 1
                if is_function(declared):
                    names |= declaration(scopes, declared)
                    head = ""
                elif not declared:
                    head = ""
        elif char == "}":
            if scopes:
                scopes.pop()
            head = ""
        elif char == ";":
            names |= declaration(scopes, TEMPLATE.sub("", head).strip())
            head = ""
        elif char == ":" and head.strip() in ("public", "private", "protected"):
            name, _ = scopes.pop()
            outer = all(public for _, public in scopes)
            scopes.append((name, head.strip() == "public" and outer))
            head = ""
        else:
            head += char
    return names


def is_function(declared: str) -> bool:
    before_value = declared.split("=")[0]
    return "(" in before_value and not before_value.startswith("using")


def qualified(scopes: list[tuple[str, bool]], name: str) -> str:
    return "::".join([*(scope for scope, _ in scopes if scope), name])


def declaration(scopes: list[tuple[str, bool]], declared: str) -> set[str]:
    """The name that a declaration adds, if it is public."""
    if not declared or not all(public for _, public in scopes):
        return set()
    if declared.startswith(("friend", "class ", "struct ")) or " operator" in declared:
        return set()
    if declared.startswith("using"):
        alias = re.match(r"using (\w+) =", declared)
        return {qualified(scopes, alias[1])} if alias else set()
    if is_function(declared):
        found = FUNCTION.search(declared)
        constructors = {scope for scope, _ in scopes}
        if not found or found[1].lstrip("~") in constructors or found[1].startswith("operator"):
            return set()
        return {qualified(scopes, found[1])}
    found = VARIABLE.search(declared.split("=")[0].strip())
    return {qualified(scopes, found[1])} if found else set()


def code_by_section(page: Path) -> list[tuple[str, str]]:
    """The headings of a page, each with what stands below it as code."""
    parts = re.split(r"^#+ +(.*)$", page.read_text(encoding="utf-8"), flags=re.MULTILINE)[1:]
    code = re.compile(r"^```.*?^```|`[^`\n]+`", re.DOTALL | re.MULTILINE)
    return [
        (heading, "\n".join(code.findall(text)))
        for heading, text in zip(parts[::2], parts[1::2], strict=True)
    ]


def is_named(name: str, sections: list[tuple[str, str]]) -> bool:
    """Whether the page has it: a member in a section whose heading has its class."""
    *owner, member = name.split("::")
    return any(
        re.search(rf"\b{member}\b", code)
        for heading, code in sections
        if not owner or re.search(rf"\b{owner[0]}\b", heading)
    )


def options_of(program: Path) -> list[dict[str, Any]]:
    """What `--help` says of each setting: option, variable, default, bounds (if it is a range)."""
    text = subprocess.run(
        [program, "--help"], capture_output=True, text=True, check=True, timeout=30
    ).stdout
    text = text.replace(f"{ROOT}/", "")
    row = re.compile(
        r"^  (?P<option>--[\w-]+)(?:,--no-[\w-]+\{false\})?"
        r"(?: (?P<type>.*?))? \(Env:(?P<variable>\w+)\)",
        re.MULTILINE,
    )
    options = []
    for found in row.finditer(text):
        kind = found["type"] or ""
        bounds = re.search(r" in \[(\S+) - (\S+)\]", kind)
        default = re.search(r"=(\S.*?)(?: \.\.\.)?$", kind)  # "…" behind one that may be repeated
        options.append({
            "option": found["option"],
            "variable": found["variable"],
            "default": default[1] if default and default[1] != "[]" else "",
            "bounds": (float(bounds[1]), float(bounds[2])) if bounds else (),
        })  # fmt: skip
    return options


class ReferenceTest(unittest.TestCase):
    def test_a_headers_names_are_found(self) -> None:
        header = """
            namespace beastapi {
            namespace detail { class Hidden; struct Deep { void no(); }; }
            using boost::asio::awaitable;
            using Outcome = std::exception_ptr;
            namespace close_code { inline constexpr int normal = 1000; }
            struct Settings {
                std::vector<std::string> tags{"a;b"};
                std::size_t limit = 64 * 1024;
            };
            enum class Kind { text };
            class Route : public Base {
            public:
                explicit Route(int x) : x_(x) {}
                ~Route();
                template <class... Args> Route& get(Args&&... args) { return {f(args...)}; }
                awaitable<void> close(int code = close_code::normal, std::string reason = {}) const;
                bool done() const noexcept { return done_; }
                friend bool operator==(const Route&, const Route&) = default;
            private:
                struct Inner { int nothing; };
                void hidden();
                bool done_;
            };
            template <class T> awaitable<T> wait_for(awaitable<T> task, int timeout);
            }
            template <> struct std::hash<beastapi::Route> { int operator()(int) const; };
        """
        self.assertEqual(
            public_names(header),
            {"Outcome", "close_code::normal", "Settings", "Settings::tags", "Settings::limit"}
            | {"Kind", "Route", "Route::get", "Route::close", "Route::done", "wait_for"},
        )

    def test_beastapi_is_described(self) -> None:
        names = set().union(*(public_names(path.read_text(encoding="utf-8")) for path in HEADERS))
        self.assertGreater(len(names), 80)
        for language, folder in LANGUAGES.items():
            sections = code_by_section(folder / "beastapi.md")
            missing = [name for name in sorted(names) if not is_named(name, sections)]
            self.assertEqual(missing, [], f"beastapi.md in {language} does not name these")

    def test_each_setting_is_described(self) -> None:
        options = options_of(PROGRAM)
        self.assertGreater(len(options), 10)
        for language, folder in LANGUAGES.items():
            text = (folder / "settings.md").read_text(encoding="utf-8")
            rows = {
                cells[0]: cells
                for line in text.splitlines()
                if line.startswith("| `--")
                for cells in [[cell.strip().strip("`") for cell in line.strip("| ").split("|")]]
            }
            for option in options:
                with self.subTest(language=language, option=option["option"]):
                    cells = rows.pop(option["option"], None)
                    self.assertIsNotNone(cells, "settings.md does not have it")
                    _, variable, default, bounds, *_ = cells
                    self.assertEqual(variable, option["variable"])
                    self.assertEqual(default, option["default"])
                    said = {float(number.replace(",", "")) for number in NUMBER.findall(bounds)}
                    self.assertLessEqual(set(option["bounds"]), said)
            self.assertEqual(list(rows), [], f"settings.md in {language} has options that are gone")


if __name__ == "__main__":
    unittest.main()
