"""Runs bootstrap and runner as a real process and talks to it over pipes, as the operator does over an attach."""

import base64
import hashlib
import json
import os
import pathlib
import select
import signal
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))

from oet_runner import frames  # noqa: E402

BOOTSTRAP = (ROOT / "bootstrap.py").read_text(encoding="utf-8")
RUNNER = (ROOT / "dist" / "runner.py").read_text(encoding="utf-8")
OLD = ROOT.parent / "journal" / "golden" / "v1"  # the previous protocol version's texts
OLD_BOOTSTRAP = (OLD / "bootstrap.py").read_text(encoding="utf-8")
OLD_RUNNER = (OLD / "runner.py").read_text(encoding="utf-8")
PATIENCE = 300.0  # seconds until a wait is a failure


class Entries(list):
    """All entries so far, parts put together."""

    def of(self, kind):
        return [e for e in self if e["k"] == kind]

    def states(self):
        return [e["state"] for e in self.of("state")]

    def output(self, stream="stdout"):
        return b"".join(e["d"].encode() if "d" in e else base64.b64decode(e["b"]) for e in self.of("out") if e["s"] == stream)

    def end(self):
        return self.of("end")[0]


class Pod:
    """One process from `python -c bootstrap` on. `stalled` stops the reading of its stdout."""

    def __init__(self, python=sys.executable, session=1, user=None, env=None, ack=True, cwd=None, bootstrap=BOOTSTRAP, runner=RUNNER):
        self._runner = runner
        environment = {k: v for k, v in os.environ.items() if not k.startswith("PYTHON")}
        environment.update(env or {})
        self.process = subprocess.Popen(
            [python, "-c", bootstrap],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=environment,
            user=user,
            group=user,
            extra_groups=[] if user else None,
            cwd=cwd,
            bufsize=0,
        )
        os.set_blocking(self.process.stdout.fileno(), False)
        os.set_blocking(self.process.stderr.fileno(), False)
        self.session = session
        self.seq = 0
        self._acks = 1_000_000  # numbers of their own: acks come at any time
        self.entries = Entries()
        self.raw = []  # (n, line) of every line, repeats too
        self.noise = []  # lines that are no entries
        self.errors = b""
        self.high = 0
        self.ack = ack
        self.stalled = False
        self.eof = False
        self._tail = b""
        self._parts = []

    # what comes up
    def _line(self, line):
        try:
            entry = json.loads(line)
            n, _ = entry["n"], entry["k"]
        except (ValueError, KeyError, TypeError):
            self.noise.append(line)
            return
        assert len(line) < 16384, len(line)
        self.raw.append((n, line))
        if n <= self.high:
            return
        assert n == self.high + 1, "a hole before %d: %d" % (n, self.high)
        self.high = n
        if entry["k"] == "part":
            assert entry["i"] == len(self._parts) + 1
            self._parts.append(entry["j"])
            if entry["i"] < entry["of"]:
                return
            whole = json.loads("".join(self._parts))
            self._parts = []
            entry = {"n": n, "t": entry["t"], **whole}
        self.entries.append(entry)

    def pump(self, timeout=0.05):
        """Takes what is there; acknowledges it if that is wanted."""
        fds = [self.process.stderr] + ([] if self.stalled or self.eof else [self.process.stdout])
        before = self.high
        for file in select.select(fds, [], [], timeout)[0]:
            data = file.read(1 << 20)
            if file is self.process.stderr:
                self.errors += data or b""
                if not data:
                    time.sleep(0.001)
                continue
            if data == b"":
                self.eof = True
                continue
            lines = (self._tail + (data or b"")).split(b"\n")
            self._tail = lines.pop()
            for line in lines:
                self._line(line)
        if self.ack and self.high > before:
            self.acknowledge(self.high)

    def wait(self, condition, patience=PATIENCE):
        """Pumps until condition(entries) is true; returns it."""
        until = time.monotonic() + patience
        while True:
            found = condition(self.entries)
            if found:
                return found
            assert time.monotonic() < until, "waited in vain: %r %s" % ([(e["k"], e.get("state")) for e in self.entries[-12:]], self.errors.decode())
            assert not self.eof or self.stalled, "ended: %r %s" % (self.entries[-5:], self.errors.decode())
            self.pump()

    def state(self, state, times=1):
        return self.wait(lambda e: e.states().count(state) >= times)

    def end(self):
        """The `end` entry."""
        return self.wait(lambda e: e.of("end"))[0]

    def leave(self, patience=PATIENCE):
        """Waits until the process is gone; its exit code."""
        until = time.monotonic() + patience
        while self.process.poll() is None:
            assert time.monotonic() < until, "still there"
            self.pump(0.01)
        self.pump(0)
        return self.process.returncode

    # what goes down
    def write(self, data):
        view = memoryview(data)
        while view:
            try:
                view = view[self.process.stdin.write(view) :]
            except BrokenPipeError:
                return

    def send(self, m, seq=None, session=None, **fields):
        """A message; its (session, seq)."""
        if seq is None:
            self.seq += 1
            seq = self.seq
        session = self.session if session is None else session
        body = json.dumps({"m": m, **fields}, ensure_ascii=False, separators=(",", ":")).encode()
        self.write(b"".join(frames.encode(session, seq, body)))
        return [session, seq]

    def acknowledge(self, n):
        self._acks += 1
        self.write(b"".join(frames.encode(self.session, self._acks, b'{"m":"ack","n":%d}' % n)))

    def answer(self, to):
        return self.wait(lambda e: [a for a in e.of("answer") if a["to"] == to])[0]

    def ask(self, m, **fields):
        """Sends and returns the answer."""
        return self.answer(self.send(m, **fields))

    @property
    def nonce(self):
        return self.wait(lambda e: e.of("hello"))[0]["nonce"]

    def boot(self):
        nonce, source = self.nonce, self._runner
        self.send("boot", nonce=nonce, sha256=hashlib.sha256(source.encode()).hexdigest(), source=source)
        return self

    def prepare(self, source=None, script=None, argsJSON="", id="7", environment=None, **limits):
        if script is None:
            data = source if isinstance(source, bytes) else source.encode()
            script = {"uri": "file:///tmp/scripts/test_script.py", "source": base64.b64encode(data).decode()}
        # A grace that no stop here is to need, on any machine; tests of the grace say their own.
        merged = {"graceSeconds": 200, "terminationSeconds": 240, "maxBytes": 64 << 20, "captureSeconds": 3600, **limits}
        more = {} if environment is None else {"environment": environment}
        return self.send("prepare", nonce=self.nonce, id=id, name="test", script=script, argsJSON=argsJSON, limits=merged, **more)

    def start(self, argsJSON=""):
        return self.send("start", nonce=self.nonce, argsJSON=argsJSON)

    def stop(self, **fields):
        return self.send("stop", nonce=self.nonce, **{"reason": "user", "mode": "Graceful", **fields})

    def run(self, source, argsJSON="", main="", **limits):
        """Boots, prepares, starts; returns self."""
        self.boot()
        self.prepare(source, argsJSON=argsJSON, **limits)
        self.state("READY")
        self.start(main)
        return self

    def kill(self):
        """Whatever is left."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGKILL)
        self.process.wait()
        for file in (self.process.stdin, self.process.stdout, self.process.stderr):
            file.close()
