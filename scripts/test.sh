#!/usr/bin/env bash
# Checks and tests everything.
#
#   scripts/test.sh [--quick | --sanitize | --tsan | --ci | --fuzz[=SECONDS]] [REGEX…]
#
#   --quick       the checks and the unit tests only: about as long as the build takes.
#   --sanitize    instead of the usual suites, those that run the C++, under AddressSanitizer and
#                 UndefinedBehaviorSanitizer.
#   --tsan        the unit and integration tests under ThreadSanitizer instead. Not part of --ci,
#                 because the build alone takes a quarter of an hour.
#   --ci          the usual suites, then --sanitize.
#   --fuzz[=SECONDS]
#                 the fuzzers of tests/fuzz instead, each for so long (60). What one finds is kept in
#                 build/log, and what it has learnt in build/corpus, where the next run begins.
#   REGEX…        only the C++ tests, or the fuzzers, whose names match one of these (as ctest -R does).
#   --help        this text.
#
# Installs what is missing. The last line is `N passed, N failed`; the exit status is 0 if none failed.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=lib/setup.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib/setup.sh"
# shellcheck source-path=SCRIPTDIR source=lib/build.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib/build.sh"

# What is run, in this order: when, a function below, and what it is. A new suite is a new line.
# "quick" runs always but under --sanitize, "full" not with --quick, "sanitize" with that or --ci,
# "tsan" and "fuzz" with those.
suites=(
    "quick|layout|the C++ is laid out by .clang-format"
    "quick|coroutines|no co_await that GCC 12 compiles wrongly"
    "quick|shell_scripts|the shell scripts pass shellcheck"
    "quick|snippets|the code in the docs is that of the files it comes from"
    "quick|docs|the docs lack no page, heading or link"
    "quick|compile_release|it compiles"
    "quick|unit_tests|unit tests"
    "full|other_tests|integration tests"
    "full|script_tests|the scripts"
    "full|library_tests|a project of one's own, with the installed beastapi"
    "full|tutorial_tests|the tests that the tutorial teaches to write, in Python"
    "full|conversation_tests|the player of the conversations"
    "full|conversations|the conversations, with all three stacks"
    "full|workers_conversations|the conversations, with two workers"
    "full|events_conversations|the conversations without a WebSocket, with two workers"
    "full|chapter_conversations|the tutorial's programs, with all three stacks"
    "full|proxy_tests|the chat behind nginx"
    "full|audit_tests|nothing acknowledged is lost or comes twice, and the audit finds faults in that"
    "full|attack_tests|the attacks run, count and judge"
    "full|browser_tests|the page in Chromium"
    "full|site|the site of the tutorial in Chromium"
    "full|lint|clang-tidy finds no mistake"
    "sanitize|compile_sanitize|it compiles with sanitizers and without warnings"
    "sanitize|sanitized_tests|unit and integration tests with sanitizers"
    "sanitize|sanitized_conversations|the conversations, server with sanitizers"
    "sanitize|sanitized_chapters|the tutorial's programs with sanitizers"
    "tsan|compile_tsan|it compiles with ThreadSanitizer"
    "tsan|tsan_tests|unit and integration tests with ThreadSanitizer"
    "fuzz|compile_fuzzers|the fuzzers compile"
    "fuzz|fuzzers|nothing that strangers send does harm"
)

layout() { check scripts/format.sh --check; }

coroutines() {
    local files
    mapfile -t files < <(project_files '*.cpp' '*.hpp')
    check scripts/check_coroutines.py "${files[@]}"
}

shell_scripts() {
    local files
    mapfile -t files < <(project_files 'scripts/*.sh' '.ci/run')
    check shellcheck --external-sources "${files[@]}"
}

snippets() { check scripts/snippets.py --check; }

docs() { check scripts/check_docs.py; }

compile_release() { check build release all || abandon; }
unit_tests() { ctest_suite release --label-regex '^unit$'; }
other_tests() { ctest_suite release --label-exclude '^unit$'; }
script_tests() { unittest_suite tests/scripts; }
library_tests() { unittest_suite tests/library; }
tutorial_tests() { unittest_suite docs/src/12_testing; }
conversation_tests() { unittest_suite tests/conformance; }
conversations() { conversation_suite release --contract; }
workers_conversations() { CHAT_WORKERS=2 conversation_suite release --stack cpp --contract; }
events_conversations() { CHAT_WORKERS=2 conversation_suite release --transport sse; }
chapter_conversations() { conversation_suite release --chapter all; }
proxy_tests() { unittest_suite tests/proxy; }
audit_tests() { unittest_suite tests/audit; }
attack_tests() { unittest_suite tests/attack; }
browser_tests() { node_suite tests/browser; }
site() { check scripts/docs.sh --build && node_suite tests/site; }
lint() { check scripts/lint.sh; }

compile_sanitize() { check build sanitize all || abandon; }
sanitized_tests() { ctest_suite sanitize; }
sanitized_conversations() { conversation_suite sanitize --stack cpp --contract; }
sanitized_chapters() { conversation_suite sanitize --chapter all --stack cpp; }

compile_tsan() { check build tsan all || abandon; }
tsan_tests() { ctest_suite tsan --label-regex '^(unit|integration)$'; }

compile_fuzzers() { check build fuzz fuzzers || abandon; }
fuzzers() {
    local each
    # Side by side, one a core.
    printf '%s\n' build/fuzz/tests/fuzz/fuzz_* | sed 's/.*fuzz_//' | grep -E -- "${pattern:-.}" |
        xargs -I NAME -P "$(getconf _NPROCESSORS_ONLN)" bash -c 'fuzz "$@" || true' fuzz NAME "$seconds"
    for each in build/fuzz/tests/fuzz/fuzz_*; do
        each=${each##*fuzz_}
        [[ ! $each =~ ${pattern:-.} ]] || check fuzzed "$each" || true
    done
}

named_tests() { ctest_suite release --tests-regex "$pattern"; }
named_tsan_tests() { ctest_suite tsan --tests-regex "$pattern"; }
named_sanitized_tests() { ctest_suite sanitize --tests-regex "$pattern"; }

export logs=$root/build/log/files  # what the files of a suite print

# A program built with sanitizers ends at its first mistake.
export ASAN_OPTIONS=halt_on_error=1:detect_stack_use_after_return=1:strict_string_checks=1
export UBSAN_OPTIONS=halt_on_error=1:print_stacktrace=1
export TSAN_OPTIONS=halt_on_error=1:second_deadlock_stack=1

# --- what the suites are made of ---------------------------------------------------------------------

# count PASSED FAILED: adds to the suite that is running.
count() {
    suite_passed=$((suite_passed + $1))
    suite_failed=$((suite_failed + $2))
}

# check COMMAND…: counts as one test.
check() {
    if "$@"; then
        count 1 0
    else
        count 0 1
        return 1
    fi
}

# abandon: the suites that follow in the same group cannot run.
abandon() {
    note "The suites that need it are left out."
    abandoned=true
}

# at_least_one WHAT STATUS PASSED FAILED: counts, and a run that failed without a failed test, or that
# found no test, counts as a failure.
at_least_one() {
    local what=$1 status=$2 passed=$3 failed=$4
    if ((passed + failed == 0)); then
        note "No test was run in $what."
        failed=1
    elif ((status != 0 && failed == 0)); then
        note "$what ended with status $status."
        failed=1
    fi
    count "$passed" "$failed"
}

# ctest_suite PRESET OPTION…
ctest_suite() {
    local preset=$1 status=0 report=$root/build/log/ctest.xml tests failed
    shift
    rm -f "$report"
    ctest --preset "$preset" --parallel "$(getconf _NPROCESSORS_ONLN)" --output-junit "$report" "$@" ||
        status=$?
    read -r tests failed < <(junit_counts "$report")
    at_least_one "ctest ($preset)" "$status" "$((tests - failed))" "$failed"
}

# junit_counts FILE: how many tests ran, and how many of them failed.
junit_counts() {
    python3 - "$1" <<'PYTHON' 2>/dev/null || echo "0 0"
import sys
import xml.etree.ElementTree as xml

suite = xml.parse(sys.argv[1]).getroot()
number = {key: int(suite.get(key, 0)) for key in ("tests", "failures", "disabled", "skipped")}
print(number["tests"] - number["disabled"] - number["skipped"], number["failures"])
PYTHON
}

# side_by_side RUNNER FILE…: each file by itself, as many at once as there are cores. A file's output comes
# whole, when it has ended.
side_by_side() {
    local runner=$1
    shift
    rm -rf "$logs"
    mkdir -p "$logs"
    [[ $# -eq 0 ]] || printf '%s\n' "$@" | xargs -d '\n' -I FILE -P "$(getconf _NPROCESSORS_ONLN)" \
        bash -o pipefail -c 'one_file "$@"' one_file "$runner" FILE
}

# test_files CONDITION…: of find. The largest come first, because they're likely to take longest.
test_files() { find "$@" -printf '%s %p\n' | sort -rn | cut -d ' ' -f 2-; }

one_file() {
    local status=0 log=$logs/${2##*/}.log
    "$1" "$2" >"$log" 2>&1 || status=$?
    flock "$logs" cat "$log"
    return "$status"
}

# sum_of EXPRESSION FILE…: of the numbers that this expression of sed finds.
sum_of() {
    local expression=$1
    shift
    sed -n "$expression" -- "$@" 2>/dev/null | awk '{ sum += $1 } END { print sum + 0 }'
}

# node_suite FOLDER: the tests there, against the server of the release build. Those in alone/ measure time, so
# nothing runs beside them.
node_suite() {
    local folder=$1 status=0 file files=() alone=()
    local -x CHAPTER08=$root/build/release/chapter08/chapter08 CHROMIUM=${CHROMIUM:-$(browser)}
    mapfile -t files < <(test_files "$folder" -maxdepth 1 -name '*.test.*js')
    mapfile -t alone < <(test_files "$folder" -path '*/alone/*.test.*js')
    side_by_side node_file "${files[@]}" || status=$?
    for file in "${alone[@]}"; do
        one_file node_file "$file" || status=$?
    done
    at_least_one "$folder" "$status" "$(sum_of 's/^# pass //p' "$logs"/*.tap)" \
        "$(sum_of 's/^# \(fail\|cancelled\) //p' "$logs"/*.tap)"
}

node_file() {
    node --test --test-reporter=spec --test-reporter-destination=stdout \
        --test-reporter=tap --test-reporter-destination="$logs/${1##*/}.tap" "$1"
}

browser() {
    local name
    for name in chromium-headless-shell chromium chromium-browser google-chrome; do
        ! type -P "$name" || return 0
    done
}

# unittest_suite FOLDER: Python's tests there.
unittest_suite() {
    local folder=$1 status=0 ran failed files=()
    mapfile -t files < <(test_files "$folder" -name 'test*.py')
    side_by_side unittest_file "${files[@]}" || status=$?
    ran=$(sum_of 's/^Ran \([0-9]*\) tests\{0,1\} in .*/\1/p' "$logs"/*.log)
    failed=$(cat "$logs"/*.log | grep -c -E '^(FAIL|ERROR): ' || true)
    at_least_one "$folder" "$status" "$((ran > failed ? ran - failed : 0))" "$failed"
}

unittest_file() {
    /usr/bin/python3 -m unittest discover --start-directory "${1%/*}" --pattern "${1##*/}" --verbose
}

export -f one_file node_file unittest_file

# conversation_suite PRESET OPTION…: tests/conformance, against the server of that build.
conversation_suite() {
    local preset=$1 status=0 report=$root/build/log/conversations.log passed_there failed_there
    shift
    # Its closing line is left to the summary: there is one such line in the whole output.
    CHAPTER08="$root/build/$preset/chapter08/chapter08" CHAPTER08_STEPS="$root/build/$preset/docs" \
        tests/conformance/run.py "$@" 2>&1 |
        tee "$report" | sed '/^[0-9]* passed, [0-9]* failed/d' || status=$?
    read -r passed_there failed_there < <(
        sed -n 's/^\([0-9]*\) passed, \([0-9]*\) failed.*/\1 \2/p' "$report" | grep . || echo "0 0"
    )
    at_least_one "tests/conformance ($preset)" "$status" "$passed_there" "$failed_there"
}

# fuzz NAME SECONDS
fuzz() {
    local log=build/log/fuzz-$1.log
    mkdir -p "build/corpus/$1"
    rm -f "$log" "build/log/fuzz-$1"-crash-*
    "build/fuzz/tests/fuzz/fuzz_$1" -max_total_time="$2" -timeout=5 -print_final_stats=1 -verbosity=0 \
        -artifact_prefix="build/log/fuzz-$1-" "build/corpus/$1" "tests/fuzz/corpus/$1" >"$log" 2>&1
    echo "ended with $?" >>"$log"
}
export -f fuzz

# fuzzed NAME: says how it went.
fuzzed() {
    local log=build/log/fuzz-$1.log runs
    runs=$(sed -n 's/^stat::number_of_executed_units: *//p' "$log")
    if [[ $(tail -n 1 "$log") == "ended with 0" && -n $runs ]]; then
        echo "$1: $runs inputs, nothing found"
        return
    fi
    note "$1 found something:"
    grep -E '^(==[0-9]+==ERROR|SUMMARY|fuzz:|artifact_prefix)' "$log" >&2 || tail -n 20 "$log" >&2
    note "  build/fuzz/tests/fuzz/fuzz_$1 FILE plays it again. The whole log: $log"
    return 1
}

# --- the run -----------------------------------------------------------------------------------------

# run_suites GROUP…: the suites of these groups, one after the other.
run_suites() {
    local row group function title started
    abandoned=false
    for row in "${suites[@]}"; do
        IFS='|' read -r group function title <<<"$row"
        [[ " $* " == *" $group "* ]] || continue
        ! $abandoned || break
        say "== $title"
        suite_passed=0
        suite_failed=0
        started=$SECONDS
        # Not a pipe: the function counts in this shell.
        "$function" > >(tee "$root/build/log/suite.log") 2>&1 || true
        wait $! || true
        ((suite_failed == 0)) || failures+=("$title:
$(scripts/lib/failures.py build/log/suite.log)")
        summary+=("$(printf '%7d %7d %6d s  %s' "$suite_passed" "$suite_failed" "$((SECONDS - started))" "$title")")
        passed=$((passed + suite_passed))
        failed=$((failed + suite_failed))
    done
}

# choose MODE: one only, because two would each leave out what the other asks for.
choose() {
    [[ $mode == usual || $mode == "$1" ]] ||
        fail "--$mode and --$1 do not go together" "Run scripts/test.sh once for each."
    mode=$1
}

mode=usual
seconds=60
patterns=()
for argument in "$@"; do
    case $argument in
        --quick | --sanitize | --tsan | --ci) choose "${argument#--}" ;;
        --fuzz) choose fuzz ;;
        --fuzz=*)
            choose fuzz
            seconds=${argument#--fuzz=}
            [[ $seconds =~ ^[1-9][0-9]*$ ]] || fail "$argument: SECONDS is a whole number"
            ;;
        -h | --help)
            print_header "$0"
            exit 0
            ;;
        -*) fail "unknown option $argument" "scripts/test.sh --help lists them." ;;
        *) patterns+=("$argument") ;;
    esac
done

cd "$root"
exec </dev/null
set_up test
[[ $mode != fuzz ]] || set_up fuzz
mkdir -p build/log
passed=0
failed=0
summary=()
failures=()
pattern=$(IFS='|' && echo "${patterns[*]}")
if [[ -n $pattern && $mode != fuzz ]]; then
    suites=(
        "quick|compile_release|it compiles"
        "quick|named_tests|tests named $pattern"
        "sanitize|compile_sanitize|it compiles with sanitizers"
        "sanitize|named_sanitized_tests|tests named $pattern, with sanitizers"
        "tsan|compile_tsan|it compiles with ThreadSanitizer"
        "tsan|named_tsan_tests|tests named $pattern, with ThreadSanitizer"
    )
fi
case $mode in
    usual) run_suites quick full ;;
    quick) run_suites quick ;;
    sanitize) run_suites sanitize ;;
    tsan) run_suites tsan ;;
    fuzz) run_suites fuzz ;;
    ci)
        run_suites quick full
        $abandoned || run_suites sanitize
        ;;
esac

if ((${#failures[@]})); then
    say "== what failed"
    printf '%s\n' "${failures[@]}"
fi
say "== summary"
printf '%7s %7s %8s\n' passed failed time
printf '%s\n' "${summary[@]}"
echo "$passed passed, $failed failed"
((failed == 0 && passed > 0))
