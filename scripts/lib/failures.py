#!/usr/bin/env python3
"""What failed, out of the output of a test suite: the part that says why, and not the thousand lines
around it.

    scripts/lib/failures.py FILE

scripts/test.sh repeats that at its end. It knows the output of CTest, of Python's unittest, of Node's
test runner and of tests/conformance/run.py. Of anything else, it shows the last lines.
"""

import re
import sys
from pathlib import Path

MOST_LINES = 30  # of one failure
MOST_FAILURES = 10  # of one suite

# Where the account of a failure begins, and what follows it.
ACCOUNTS = [
    # CTest, with --output-on-failure.
    (r"^ *\d+/\d+ Test +#\d+: .*\*\*\*(Failed|Exception|Timeout|Not Run)", r"^ *(\d+/\d+ Test +#|Start +\d+:|\d+% tests passed)"),
    (r"^(FAIL|ERROR): ", r"^(=+$|Ran \d+ tests? in )"),
    # Node repeats each failure under this title.
    (r"^test at .+:\d+:\d+$", r"^test at "),
    (r"^FAILED ", r"^(ok|FAILED|known|skipped) "),
]
COLOUR = re.compile(r"\x1b\[[0-9;]*m")


def accounts(lines):
    found, end = [], None
    for line in lines:
        if end and re.search(end, line):
            end = None
        for begin, until in ACCOUNTS:
            if re.search(begin, line):
                found.append([])
                end = until
        if end:
            found[-1].append(line)
    return found


def shortened(lines):
    left_out = len(lines) - MOST_LINES
    if left_out <= 0:
        return lines
    half = MOST_LINES // 2
    return [*lines[:half], f"… {left_out} lines …", *lines[-half:]]


def main():
    lines = COLOUR.sub("", Path(sys.argv[1]).read_text(errors="replace")).splitlines()
    found = accounts(lines) or [lines[-MOST_LINES:]]
    for account in found[:MOST_FAILURES]:
        print("\n".join(f"  {line}".rstrip() for line in shortened(account)))
    if len(found) > MOST_FAILURES:
        print(f"  … and {len(found) - MOST_FAILURES} more")


if __name__ == "__main__":
    main()
