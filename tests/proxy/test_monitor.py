"""What the server tells of itself, to Prometheus' own tools: its metrics, the rules, and scripts/monitor.sh."""

import json
import re
import shutil
import signal
import subprocess
import time
import unittest
import urllib.error
import urllib.parse
import urllib.request

from nginx_case import DEADLINE, FAQ, PROGRAM, ROOT, NginxCase, free_port, listens

TOOLS = f"/usr/bin:{ROOT}/build/tools/usr/bin"
PROMTOOL = shutil.which("promtool", path=TOOLS)
REDIS = shutil.which("redis-server", path=TOOLS)
LOAD = ROOT / "build/release/tests/load/chat_load"
UNLIMITED = "--message-rate 0 --client-rate-in 0 --client-rate-out 0".split()
# The last word of a row of the table "Limits", and what is said of origins below it.
NAMES = re.compile(r"`([a-z_]+)` \|$|`refusals` counts `([a-z_]+)`", re.MULTILINE)


def fetch(url: str) -> str:
    with urllib.request.urlopen(url, timeout=DEADLINE) as answer:
        return answer.read().decode()


def totals(text: str) -> dict[str, float]:
    """Of each name the sum over all labels."""
    sums: dict[str, float] = {}
    for line in text.splitlines():
        if not line.startswith("#"):
            series, value = line.rsplit(" ", 1)
            name = series.split("{")[0]
            sums[name] = sums.get(name, 0) + float(value)
    return sums


class Monitor(NginxCase):
    def start_server(self, *options) -> str:
        port = free_port()
        server = self.start(PROGRAM, "--port", str(port), *UNLIMITED, *options)
        self.assertTrue(self.wait_for(lambda: listens(port), server), self.log.read_text())
        return f"http://127.0.0.1:{port}"

    def start_redis(self):
        path = self.folder / "redis.sock"
        redis = self.start(REDIS, "--port", "0", "--unixsocket", path, "--dir", self.folder, "--save", "")
        self.assertTrue(self.wait_for(path.exists, redis), self.log.read_text())
        return path

    def load(self, server: str, *options) -> dict:
        url = server.replace("http", "ws", 1) + "/ws/chat/{user}"
        done = subprocess.run(
            [LOAD, "chat", url, "-c", "10", "-s", "3", "-d", "0.5", "--warm-up", "0", "--format", "json", *options],
            capture_output=True, text=True, timeout=60,
        )  # fmt: skip
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        return json.loads(done.stdout)

    def promtool(self, *arguments, text: str = "") -> str:
        done = subprocess.run([PROMTOOL, *arguments], input=text, capture_output=True, text=True, timeout=60)
        self.assertEqual((done.returncode, done.stderr), (0, ""), done.stdout)
        return done.stdout

    def test_promtool_finds_nothing_in_the_metrics_of_each_log(self):
        for options in ("--workers 2", f"--database {self.folder}/chat.db", f"--redis unix://{self.start_redis()}"):
            with self.subTest(options):
                server = self.start_server(*options.split())
                self.load(server)
                text = fetch(f"{server}/metrics")
                self.promtool("check", "metrics", text=text)
                self.assertEqual("chat_log_commit_seconds_count" in text, "database" in options)
                self.assertEqual('chat_redis_connected{worker="0",connection="log"} 1' in text, "redis" in options)

    def test_what_the_load_tool_counted_is_what_the_server_counted(self):
        server = self.start_server("--workers", "2")
        before = totals(fetch(f"{server}/metrics"))
        counted = self.load(server, "--acks")
        after = totals(fetch(f"{server}/metrics"))
        more = {name: after[name] - before.get(name, 0) for name in after}
        self.assertGreater(counted["traffic"]["check"]["sent"], 0)
        self.assertEqual(more["chat_messages_received_total"], counted["traffic"]["check"]["sent"])
        self.assertEqual(more["chat_message_recipients_sum"], counted["traffic"]["check"]["delivered"])
        self.assertEqual(more["chat_messages_sent_total"], sum(counted["frames"].values()))
        self.assertEqual(more["chat_connections_accepted_total"], 10)

    def test_every_reason_of_the_protocol_is_there_from_the_start(self):
        text = fetch(self.start_server() + "/metrics")
        protocol = (ROOT / "docs/protocol.md").read_text()
        limits = protocol[protocol.index("## Limits") : protocol.index("## Identity")]
        said = {name for names in NAMES.findall(limits) for name in names if name} - {"refusals"}  # the heading
        self.assertGreater(len(said), 15)
        counted = set(re.findall(r'chat_refusals_total\{reason="(\w+)"\} 0', text))
        self.assertLessEqual(said, counted)

    def test_promtool_takes_the_configuration_and_the_alerts_ring_when_they_should(self):
        self.assertIn("SUCCESS", self.promtool("check", "config", FAQ / "prometheus.yml"))
        self.promtool("test", "rules", ROOT / "tests/proxy/chat_rules_test.yml")
        # Each metric that a rule asks for is one that the server has.
        options = f"--redis unix://{self.start_redis()}".split()
        there = totals(fetch(self.start_server(*options) + "/metrics"))
        asked = set(re.findall(r"\b(?:chat|process)_\w+", re.sub(r"alert: \w+|\{\{.*", "", (FAQ / "chat_rules.yml").read_text())))
        self.assertGreater(len(asked), 5)
        self.assertLessEqual(asked, set(there))

    def test_the_script_watches_a_server_and_ends(self):
        server, port = self.start_server(), free_port()
        output = self.folder / "monitor"
        with open(output, "wb") as log:
            script = subprocess.Popen(
                [ROOT / "scripts/monitor.sh", "--server", server, "--port", str(port)],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log,
            )  # fmt: skip
        self.addCleanup(script.wait, DEADLINE)
        self.addCleanup(script.terminate)
        asked = urllib.parse.quote(f'chat_tcp_connections{{job="chat",instance="{server[7:]}"}}')

        def watched():
            if script.poll() is not None or not listens(port):
                return []
            try:
                found = json.loads(fetch(f"http://127.0.0.1:{port}/api/v1/query?query={asked}"))
            except urllib.error.HTTPError:  # it isn't ready yet
                return []
            return found["data"]["result"]

        deadline = time.monotonic() + 6 * DEADLINE
        while not (found := watched()):
            self.assertIsNone(script.poll(), output.read_text())
            self.assertLess(time.monotonic(), deadline, output.read_text())
            time.sleep(0.1)
        self.assertEqual(found[0]["metric"]["worker"], "0")
        self.assertIn(f"{server}/status", output.read_text())
        script.send_signal(signal.SIGINT)
        self.assertEqual(script.wait(DEADLINE), 0, output.read_text())
        self.assertFalse(listens(port), "Prometheus has ended with the script")


if __name__ == "__main__":
    unittest.main()
