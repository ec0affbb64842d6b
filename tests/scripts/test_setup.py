"""What scripts/lib/setup.sh installs, on machines that are made up: its package manager is a shim."""

import os
import shutil
import subprocess
import tempfile
import unittest
from pathlib import Path

ROOT = Path(__file__).parents[2]

# What the script itself calls.
BASICS = "bash cat cut dirname env grep head install mkdir printf rm sed sha256sum sort tail tee touch".split()

SHIMS = {
    "dpkg-query": 'sed "s/$/ installed/" "$MACHINE/installed"',
    "apt-cache": """
if [[ $1 == policy ]]; then
    if grep -qx -- "$2" "$MACHINE/offered"; then echo "  Candidate: 1.0"; else echo "  Candidate: (none)"; fi
else
    grep -E -- "${@: -1}" "$MACHINE/offered" | sed "s/$/ - a package/"
fi""",
    "apt-get": """
echo "apt-get $*" >>"$MACHINE/calls"
[[ ! -e $MACHINE/broken ]] || { echo "E: Could not resolve host"; exit 100; }
if [[ $1 == download ]]; then for name in "${@:3}"; do touch "${name}_1.0_amd64.deb"; done; fi
[[ $1 != install ]] || printf '%s\\n' "${@:2}" | grep -v -e ^- -e :: >>"$MACHINE/installed" """,
    # --extract ARCHIVE FOLDER
    "dpkg": 'mkdir -p "$3/usr/sbin"; name=${2##*/}; install /dev/null "$3/usr/sbin/${name%%_*}"',
    "id": 'cat "$MACHINE/uid"',
    "sudo": 'echo "sudo $*" >>"$MACHINE/calls"; [[ $1 != -n ]] || shift; exec "$@"',
    "node": "echo v18.20.4",
    "npm": """
echo "npm $*" >>"$MACHINE/calls"
rm -rf node_modules
[[ ! -e $MACHINE/broken ]] || exit 1
mkdir -p node_modules""",
}

TOOLS = (
    "g++ cmake ninja-build nodejs npm ca-certificates python3 chromium-headless-shell fonts-noto-cjk "
    "fonts-noto-color-emoji nginx redis-server prometheus redis-tools python3-httpx clang-format-19 clang-tidy-19 shellcheck curl git "
    "python3-fastapi python3-uvicorn python3-uvloop python3-websockets python3-flask-socketio "
    "python3-eventlet python3-socketio python3-aiohttp python3-redis python3-jsonschema cloc"
).split()
LIBRARIES = (
    "libfmt-dev libspdlog-dev libcli11-dev libicu-dev libjwt-dev libssl-dev libsqlitecpp-dev "
    "libsqlite3-dev libhiredis-dev prometheus-cpp-dev python3-jwt"
).split()


def boost(version, parts=("", "-json", "-test")):
    return [f"libboost{part}{version}-dev" for part in parts]


class Machine:
    """A copy of the scripts, and a PATH on which there is nothing but the shims and the basics."""

    def __init__(self, folder):
        self.folder = Path(folder)
        self.project = self.folder / "the project"
        self.bin = self.folder / "bin"
        self.bin.mkdir()
        shutil.copytree(ROOT / "scripts", self.project / "scripts")
        (self.project / "package-lock.json").write_text("{}")
        for name in BASICS:
            (self.bin / name).symlink_to(shutil.which(name))
        for name, script in SHIMS.items():
            self.shim(name, script)
        self.offers(TOOLS + LIBRARIES + boost("1.74") + boost("1.81"))
        self.has([])
        self.write("uid", "0")

    def write(self, name, text):
        (self.folder / name).write_text(text + "\n")

    def offers(self, packages):
        self.write("offered", "\n".join(packages))

    def has(self, packages):
        self.write("installed", "\n".join(packages))

    def shim(self, name, script):
        (self.bin / name).write_text(f"#!{shutil.which('bash')}\n{script}\n")
        (self.bin / name).chmod(0o755)

    def remove(self, *names):
        for name in names:
            (self.bin / name).unlink()

    def set_up(self, group):
        """Runs it; gives the exit status, what it said, and the commands that changed something."""
        (self.folder / "calls").unlink(missing_ok=True)
        done = subprocess.run(
            [self.project / "scripts/lib/setup.sh", group],
            env={"PATH": str(self.bin), "MACHINE": str(self.folder), "LANG": os.environ.get("LANG", "C")},
            stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60, check=False,
        )
        calls = self.folder / "calls"
        return done.returncode, done.stderr, calls.read_text().splitlines() if calls.exists() else []


class SetUp(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.machine = Machine(folder.name)

    def installed(self, calls):
        installs = [call for call in calls if "apt-get install" in call]
        self.assertEqual(len(installs), 1, calls)
        return installs[0].split()

    def test_installs_what_is_missing_and_then_only_looks(self):
        status, said, calls = self.machine.set_up("run")
        self.assertEqual(status, 0, said)
        self.assertEqual(calls[0], "apt-get update -q")
        packages = self.installed(calls)
        for name in ["g++", "cmake", "ninja-build", *boost("1.81"), *LIBRARIES]:
            self.assertIn(name, packages)
            self.assertIn(f"  {name} ", said)
        self.assertNotIn("chromium-headless-shell", packages)
        self.assertEqual([call.split()[:3] for call in calls[2:]], [["npm", "ci", "--omit=dev"]])

        self.assertEqual(self.machine.set_up("run"), (0, "", []))

    def test_installs_for_the_tests_only_what_the_program_did_not_need(self):
        self.machine.set_up("run")
        status, said, calls = self.machine.set_up("test")
        self.assertEqual(status, 0, said)
        packages = self.installed(calls)
        self.assertIn("chromium-headless-shell", packages)
        self.assertNotIn("cmake", packages)
        self.assertNotIn("--omit=dev", calls[-1])
        self.assertEqual(self.machine.set_up("test"), (0, "", []))
        self.assertEqual(self.machine.set_up("run"), (0, "", []), "the tests' modules serve the program too")

    def test_unpacks_what_would_be_a_service_if_it_were_installed(self):
        status, said, calls = self.machine.set_up("test")
        self.assertEqual(status, 0, said)
        self.assertFalse({"nginx", "redis-server", "prometheus"} & set(self.installed(calls)))
        self.assertIn("apt-get download -q nginx redis-server prometheus", calls)
        self.assertTrue(os.access(self.machine.project / "build/tools/usr/sbin/nginx", os.X_OK))
        shutil.rmtree(self.machine.project / "build")
        calls = self.machine.set_up("test")[2]
        downloads = ["apt-get update -q", "apt-get download -q nginx redis-server prometheus"]
        self.assertEqual(calls, downloads, "nothing else is missing")
        self.machine.has(["nginx", "redis-server", "prometheus"] + TOOLS + LIBRARIES + boost("1.81"))
        shutil.rmtree(self.machine.project / "build")
        self.assertEqual(self.machine.set_up("test"), (0, "", []), "an installed one serves, too")

    def test_installs_for_the_docs_what_makes_the_site_and_no_compiler(self):
        status, said, calls = self.machine.set_up("docs")
        self.assertEqual(status, 0, said)
        self.assertEqual([name for name in self.installed(calls) if name in TOOLS + LIBRARIES], ["ca-certificates"])
        self.assertNotIn("--omit=dev", calls[-1])
        self.assertEqual(self.machine.set_up("docs"), (0, "", []))

    def test_fetches_for_the_stacks_what_the_server_serves_and_keeps_what_is_there(self):
        calls = self.machine.set_up("stacks")[2]
        self.assertIn("--omit=dev", calls[-1])
        self.assertIn("python3-fastapi", self.installed(calls))
        self.assertEqual(self.machine.set_up("run"), (0, "", []))
        self.assertEqual(len(self.machine.set_up("docs")[2]), 1)
        for group in ("docs", "stacks", "run"):
            self.assertEqual(self.machine.set_up(group), (0, "", []), group)

    def test_takes_the_newest_boost_of_which_all_parts_are_offered(self):
        self.machine.offers(TOOLS + LIBRARIES + boost("1.74") + boost("1.81") + boost("1.83") + boost("1.90", [""]))
        packages = self.installed(self.machine.set_up("run")[2])
        self.assertEqual([name for name in packages if "boost" in name], boost("1.83"))

    def test_stays_with_the_boost_that_is_installed(self):
        self.machine.offers(TOOLS + LIBRARIES + boost("1.81") + boost("1.83"))
        self.machine.has(TOOLS + LIBRARIES + boost("1.81", [""]))
        packages = self.installed(self.machine.set_up("run")[2])
        self.assertEqual([name for name in packages if name.startswith("lib")], boost("1.81", ["-json", "-test"]))

    def test_does_not_remove_an_older_boost_by_itself(self):
        self.machine.has(TOOLS + LIBRARIES + boost("1.74"))
        packages = self.installed(self.machine.set_up("run")[2])
        self.assertIn("libboost1.81-dev", packages)
        self.assertIn("--no-remove", packages)

    def test_says_so_where_boost_is_too_old(self):
        self.machine.offers(TOOLS + LIBRARIES + boost("1.74"))
        status, said, calls = self.machine.set_up("run")
        self.assertEqual(status, 1)
        self.assertIn("no Boost 1.81 or newer", said)
        self.assertEqual(calls, ["apt-get update -q"])

    def test_takes_tools_that_did_not_come_from_packages(self):
        self.machine.has(LIBRARIES + boost("1.81") + ["ca-certificates"])
        for tool in ("g++", "cmake", "ninja"):
            self.machine.shim(tool, "exit 0")
        status, said, calls = self.machine.set_up("run")
        self.assertEqual(status, 0, said)
        self.assertEqual([call.split()[0] for call in calls], ["npm"])

    def test_goes_through_sudo_where_it_is_not_root(self):
        self.machine.write("uid", "1000")
        status, said, calls = self.machine.set_up("run")
        self.assertEqual(status, 0, said)
        self.assertEqual(calls[0], "sudo -n apt-get update -q")
        self.assertTrue(any(call.startswith("sudo -n env") for call in calls))
        self.assertFalse(any("npm" in call for call in calls if call.startswith("sudo -n npm")))

    def test_names_what_root_has_to_install_where_there_is_no_sudo(self):
        self.machine.write("uid", "1000")
        self.machine.remove("sudo")
        status, said, calls = self.machine.set_up("run")
        self.assertEqual((status, calls), (1, []))
        self.assertIn("no sudo", said)
        self.assertIn("apt-get install g++ cmake", said)

    def test_says_what_failed_when_apt_does(self):
        self.machine.write("broken", "")
        status, said, calls = self.machine.set_up("run")
        self.assertEqual((status, len(calls)), (1, 1))
        self.assertIn("Could not resolve host", said)
        self.assertIn("apt-get update failed", said)

    def test_says_what_failed_when_npm_does_and_tries_again(self):
        self.machine.has(TOOLS + LIBRARIES + boost("1.81"))
        self.machine.write("broken", "")
        status, said, _ = self.machine.set_up("run")
        self.assertEqual(status, 1)
        self.assertIn("npm could not fetch its packages", said)
        (self.machine.folder / "broken").unlink()
        self.assertEqual(len(self.machine.set_up("run")[2]), 1)
        (self.machine.project / "package-lock.json").write_text('{"changed": true}')
        self.assertEqual(len(self.machine.set_up("run")[2]), 1, "a new lock")
        self.assertEqual(self.machine.set_up("run"), (0, "", []))

    def test_names_what_is_missing_where_there_is_no_apt(self):
        self.machine.remove("dpkg-query", "apt-get", "apt-cache")
        self.machine.shim("cmake", "exit 0")
        status, said, calls = self.machine.set_up("run")
        self.assertEqual((status, calls), (1, []))
        for text in ("g++ ", "the C++20 compiler", "libboost-json-dev", "libcli11-dev", "Debian and Ubuntu only"):
            self.assertIn(text, said)
        self.assertNotIn("\n  cmake", said)

    def test_goes_on_where_there_is_no_apt_and_nothing_is_missing(self):
        self.machine.remove("dpkg-query", "apt-get", "apt-cache")
        for tool in ("cmake", "ninja"):
            self.machine.shim(tool, "exit 0")
        (self.machine.bin / "g++").symlink_to(shutil.which("g++"))
        status, said, calls = self.machine.set_up("run")
        self.assertEqual((status, len(calls)), (0, 1), said)


if __name__ == "__main__":
    unittest.main()
