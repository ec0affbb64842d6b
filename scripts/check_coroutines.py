#!/usr/bin/env python3
"""Refuses what GCC 12 compiles wrongly, without a warning, in an expression that has a co_await.

    scripts/check_coroutines.py FILE...

A temporary that lives across the suspension is destroyed twice or too early if it comes from a braced
list, from a lambda, or from an arm of `?:`. Each has a plain way out, and the message names it.
"""

import re
import sys
from typing import NamedTuple

RULES = {
    "braces": "a braced list in an expression with co_await: build the object in one statement, await in the next",
    "lambda": "a lambda in an expression with co_await: name the lambda, or what is made of it, in a statement of its own",
    "conditional": "?: in an expression with co_await: use if and else",
}

TOKEN = re.compile(
    r"""
      (?P<skip>\s+ | //(?:[^\n\\]|\\.|\\\n)* | /\*.*?\*/)
    | (?P<directive>\#(?:[^\n\\/]|\\\n|\\.|/(?![*/]))*)
    | (?P<literal>(?:u8|[uUL])?R"(?P<mark>[^()\\\s]{0,16})\(.*?\)(?P=mark)"
        | (?:u8|[uUL])?"(?:[^"\\\n]|\\.)*"
        | (?:u8|[uUL])?'(?:[^'\\\n]|\\.)+'
        | \.?[0-9](?:'?[\w.]|(?<=[eEpP])[+-])*)
    | (?P<word>[A-Za-z_]\w*)
    | (?P<operator>->\*? | :: | && | \|\| | .)
    """,
    re.VERBOSE | re.DOTALL,
)

CLOSING = {"(": ")", "[": "]", "{": "}"}
CONTROL = {"if", "while", "for", "switch", "catch", "constexpr"}
# After these words a `{` opens a block, and a `[` a lambda.
STATEMENT_WORDS = {"else", "do", "try"}
EXPRESSION_WORDS = {"return", "co_return", "co_yield", "co_await", "throw", "case"}
HEAD_WORDS = {"class", "struct", "union", "enum", "namespace", "requires", "concept"}
AFTER_PARAMETERS = {"const", "noexcept", "override", "final", "mutable", "volatile"}


class Token(NamedTuple):
    text: str
    line: int
    is_word: bool


class Finding(NamedTuple):
    line: int
    rule: str


def tokenize(source: str) -> list[Token]:
    tokens = []
    line = 1
    at_line_start = True
    position = 0
    while position < len(source):
        match = TOKEN.match(source, position)
        if match.lastgroup == "directive" and not at_line_start:
            match = re.compile(r"(?P<operator>#)").match(source, position)
        text = match.group()
        if match.lastgroup == "skip":
            at_line_start = at_line_start or "\n" in text
        else:
            if match.lastgroup != "directive":
                shown = '""' if match.lastgroup in ("literal", "mark") else text
                tokens.append(Token(shown, line, match.lastgroup == "word"))
            at_line_start = False
        line += text.count("\n")
        position = match.end()
    return tokens


class Unit:
    """The tokens of one file, with each bracket's partner and what each `{` and `[` is."""

    def __init__(self, source: str):
        self.tokens = tokenize(source)
        self.partner: dict[int, int] = {}
        self.enclosing: list[int | None] = []
        self.kind: dict[int, str] = {}  # of a `{`: "block", "lambda body" or "list"; of a `[`: "lambda"
        self._match_brackets()
        self._classify()

    def text(self, index: int) -> str:
        return self.tokens[index].text if 0 <= index < len(self.tokens) else ""

    def _match_brackets(self) -> None:
        stack: list[int] = []
        for index, token in enumerate(self.tokens):
            if token.text in CLOSING.values():
                # Unbalanced brackets come from #if branches: forget what does not fit.
                while stack and CLOSING[self.text(stack[-1])] != token.text and token.text == "}":
                    stack.pop()
                if stack and CLOSING[self.text(stack[-1])] == token.text:
                    opening = stack.pop()
                    self.partner[opening] = index
                    self.partner[index] = opening
            self.enclosing.append(stack[-1] if stack else None)
            if token.text in CLOSING:
                stack.append(index)

    def _classify(self) -> None:
        for index, token in enumerate(self.tokens):
            if token.text == "[" and self._introduces_lambda(index):
                self.kind[index] = "lambda"
                body = self._lambda_body(index)
                if body is not None:
                    self.kind[body] = "lambda body"
            elif token.text == "{" and index not in self.kind:
                self.kind[index] = "list" if self._opens_list(index) else "block"

    def _introduces_lambda(self, index: int) -> bool:
        before = self.text(index - 1)
        if "[" in (before, self.text(index + 1)):  # an attribute
            return False
        if before in (")", "]", '""', ">", "operator", "delete"):
            return False
        binding = index - 1
        while self.text(binding) in ("&", "&&", "const"):
            binding -= 1
        if self.text(binding) == "auto":
            return False
        return before in EXPRESSION_WORDS | STATEMENT_WORDS or not (index and self.tokens[index - 1].is_word)

    def _lambda_body(self, index: int) -> int | None:
        index = self.partner.get(index, len(self.tokens)) + 1
        while index < len(self.tokens):
            text = self.text(index)
            if text == "{":
                return index
            if text in (";", ")", "}"):
                return None
            index = self.partner.get(index, index) + 1 if text in CLOSING else index + 1
        return None

    def _opens_list(self, index: int) -> bool:
        before = self.text(index - 1)
        if before in ("&", "&&") and self.text(index - 2) == ")":  # void f() && {
            return False
        if index == 0 or before in (")", "{", "}", ";", ":") or before in STATEMENT_WORDS:
            return False
        if before == '""' or before in AFTER_PARAMETERS:  # extern "C" {
            return False
        if before in EXPRESSION_WORDS:
            return True
        if not self.tokens[index - 1].is_word and before not in (">", "]"):
            return True
        return not self._ends_head(index - 1)

    def _ends_head(self, index: int) -> bool:
        """Whether a class, a namespace or a trailing return type ends here, so that a block follows."""
        depth = 0
        while index >= 0:
            text = self.text(index)
            if text in (")", "]", "}") and depth and index in self.partner:
                index = self.partner[index]
            elif text in (";", "{", "}", "(", "=") or (text in (",", ")") and not depth):
                return False
            elif text == "->" or text in HEAD_WORDS:
                return True
            depth += (text == ">") - (text == "<")
            index -= 1
        return False

    def _is_control(self, opening: int) -> bool:
        return self.text(opening) == "(" and self.text(opening - 1) in CONTROL

    def _is_body(self, opening: int) -> bool:
        return self.kind.get(opening) in ("block", "lambda body")

    def full_expression(self, index: int) -> tuple[int, int]:
        """First and last token of the full expression around a token."""
        while True:
            opening = self.enclosing[index]
            if opening is None or self._is_body(opening) or self._is_control(opening):
                break
            index = opening
        first = index
        while first > 0 and first - 1 != opening:
            text = self.text(first - 1)
            start = self.partner.get(first - 1)
            if text == ";" or start is None and text in ")]}":
                break
            if text in (")", "]", "}"):
                if self.kind.get(start) == "block" or self._is_control(start):
                    break
                first = start
            else:
                first -= 1
        last = index
        end = self.partner.get(opening, len(self.tokens)) if opening is not None else len(self.tokens)
        while last + 1 < end and self.text(last + 1) != ";" and self.kind.get(last + 1) != "block":
            last = self.partner.get(last + 1, last + 1) if self.text(last + 1) in CLOSING else last + 1
        return first, max(last, index)

    def findings(self) -> list[Finding]:
        found: dict[tuple[int, str], Finding] = {}
        for index, token in enumerate(self.tokens):
            if token.text != "co_await" or self.text(index - 1) == "operator":
                continue
            first, last = self.full_expression(index)
            last = max(last, self.partner.get(last, last))
            position = first
            while position <= last:
                text, line = self.text(position), self.tokens[position].line
                kind = self.kind.get(position)
                if kind == "lambda":
                    found.setdefault((first, "lambda"), Finding(line, "lambda"))
                elif kind == "list":
                    found.setdefault((first, "braces"), Finding(line, "braces"))
                elif text == "?":
                    found.setdefault((first, "conditional"), Finding(line, "conditional"))
                position = self.partner.get(position, position) + 1 if kind == "lambda body" else position + 1
        return sorted(set(found.values()))


def check(source: str) -> list[Finding]:
    return Unit(source).findings()


def main(paths: list[str]) -> int:
    if not paths or paths[0] in ("-h", "--help"):
        print(__doc__.strip())
        return 0 if paths else 2
    failed = False
    for path in paths:
        with open(path, encoding="utf-8") as file:
            source = file.read()
        for finding in check(source):
            failed = True
            print(f"{path}:{finding.line}: {RULES[finding.rule]}")
    if failed:
        print("GCC 12 destroys such temporaries twice or too early, and does not say so.")
    return int(failed)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
