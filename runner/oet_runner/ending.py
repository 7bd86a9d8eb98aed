"""From the script's end to the runner's own: `end` written, its acknowledgement awaited, the verdict left where the kubelet finds it."""

import os
import time

from . import plainjson
from .verdict import exit_code

WAIT = 30.0
_MUCH = 4 << 20
_FOREVER = 3600.0 * 24 * 365


class Ending:
    """`kubelet` tells of the kill that follows a SIGTERM."""

    def __init__(self, runner):
        self._runner = runner
        self._kill = None  # monotonic time of the kubelet's kill
        self._n = None
        self._since = None
        self._capture = WAIT
        self._acked = 0
        self._moved = 0.0  # monotonic time of the last ack that let something go, or at which there was much

    def kubelet(self, seconds):
        """SIGTERM came: SIGKILL follows after so many seconds, whatever we do."""
        if self._kill is None:
            self._kill = time.monotonic() + seconds

    def last_kill(self):
        """When the script must be killed at the latest, so that its output can still be captured."""
        return time.monotonic() + _FOREVER if self._kill is None else self._kill - 3

    def begin(self, fields, recorder, limits):
        """The script's process and all its descendants are gone (or never were)."""
        self._capture = limits.get("captureSeconds", WAIT)
        if recorder is not None:
            recorder.finish(fields, time.monotonic() + 2)
            return
        none = {"stdout": 0, "stderr": 0}
        empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
        sums = {"stdout": empty, "stderr": empty}
        self._runner.put("end", {**fields, "entries": self._runner.journal.n + 1, "bytes": none, "kept": none, "sha256": sums})
        self.written(self._runner.journal.n)

    def written(self, n):
        """`end` is in the spool as entry n. Called by the recorder's thread."""
        self._n = n
        self._runner.wake()

    def acknowledged(self, n):
        """An ack came."""
        if n > self._acked:
            self._acked = n
            self._moved = time.monotonic()

    def next(self):
        """When to look again, as monotonic time."""
        return time.monotonic() + (0.1 if self._n is not None else _FOREVER)

    def step(self, fields):
        """Leaves the process if it is time to."""
        if self._n is None:
            return
        now = time.monotonic()
        if self._since is None:
            self._since = now
        until = self._since + max(WAIT, self._capture)
        if self._runner.spool.bytes > _MUCH:
            self._moved = now
        else:  # from where it has got to: a controller that takes long for much is not to lose the rest
            until = min(until, max(self._since, self._moved) + WAIT)
        if self._kill is not None:
            until = min(until, self._kill - 1)
        if self._acked >= self._n or now >= max(until, self._since + 1):
            _leave(fields)


def _leave(fields):
    note = {"state": fields["state"], "reason": fields["reason"], "exitCode": fields["exitCode"]}
    try:
        fd = os.open(os.environ.get("OET_TERMINATION_LOG") or "/dev/termination-log", os.O_WRONLY | os.O_TRUNC)
        os.write(fd, plainjson.dumps(note).encode())
    except OSError:
        pass  # there is none outside Kubernetes; the journal and the exit code say the same
    os._exit(exit_code(fields))
