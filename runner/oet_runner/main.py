"""The runner's main thread: commands from stdin, what the script's process tells, signals and deadlines. It never writes to stdout
once the script is there, and never waits for the threads that do."""

import _signal
import os
import select
import time

from .commands import Commands
from .frames import FrameReader
from .journal import Journal
from .life import Life
from .spool import Spool
from .writer import Writer

ATTENDED = 45  # seconds since the last frame during which a controller counts as there
TICK = 20
_OVERTAKEN = 64  # reads of stdin, of 64 KiB, that a SIGTERM waits for at most


class Runner:
    """PID 1 from the bootstrap's handover on."""

    def __init__(self, handover):
        self.nonce = handover["nonce"]
        self.prctl = handover["prctl"]
        self.path = handover["path"]
        self._heard = time.monotonic()
        self._reader = FrameReader(handover["reader"])
        self.spool = Spool(handover["lines"], lambda: time.monotonic() - self._heard < ATTENDED)
        self.writer = Writer(self.spool)
        self.journal = Journal(self.spool, handover["n"])
        self.wake_read, self.wake_write = os.pipe()
        for fd in (self.wake_read, self.wake_write):
            os.set_blocking(fd, False)
        self._terminated = False
        self._terminated_before = handover["terminated"]
        self._open = True
        self._poll = select.poll()
        self._poll.register(0, select.POLLIN)
        self._poll.register(self.wake_read, select.POLLIN)
        self.life = Life(self)
        self._commands = Commands(self, self.life)

    def run(self):
        """Until the end of the run; leaves the process."""
        _signal.signal(_signal.SIGTERM, self._on_term)
        self._terminated |= self._terminated_before()  # asked for only now: nobody's handler misses one
        _signal.signal(_signal.SIGINT, _signal.SIG_IGN)  # Python's handler would let the script end us with it
        _signal.signal(_signal.SIGCHLD, lambda *_: None)  # only to wake the poll
        _signal.set_wakeup_fd(self.wake_write, warn_on_full_buffer=False)
        self._take(b"")
        while True:
            if self._terminated:
                self._terminated = False
                self._overtaken()
                self.life.sigterm()
            self.life.step()
            self._tick()
            for fd, _ in self._poll.poll(self._timeout() * 1000):
                if fd == 0:
                    self._stdin()
                elif fd == self.wake_read:
                    os.read(fd, 4096)
                else:
                    self.life.listen()

    def put(self, kind, fields, early=False):
        """An entry, from the main thread; an early one precedes all output that is read from now on."""
        if self.life.recorder is not None:
            self.life.recorder.put(kind, fields, early)
        else:
            self.journal.add(kind, fields)
            self.writer.pump()

    def wake(self):
        """From another thread: has the main thread look again."""
        try:
            os.write(self.wake_write, b"x")
        except BlockingIOError:
            pass  # full: it is awake for long

    def watch(self, fd, on):
        """Whether the main thread listens to the script's process."""
        if on:
            self._poll.register(fd, select.POLLIN)
        else:
            self._poll.unregister(fd)

    def _on_term(self, *_):
        self._terminated = True

    def _overtaken(self):
        """Takes what was on stdin before a SIGTERM: a stop that was sent first decides, however late we get to see both."""
        for _ in range(_OVERTAKEN):
            if not (self._open and select.select([0], [], [], 0)[0]):
                return
            self._stdin()

    def _stdin(self):
        try:
            data = os.read(0, 65536)
        except BlockingIOError:
            return
        if data:
            self._take(data)
        else:
            self._open = False
            self._poll.unregister(0)  # the end of stdin ends nothing

    def _take(self, data):
        for kind, session, seq, *message in self._reader.feed(data):
            self._heard = time.monotonic()
            if kind == "stale":
                self._commands.stale(session, seq, self._reader)
            else:
                self._commands.handle(session, seq, message[0], self._reader)

    def _tick(self):
        if time.monotonic() - self.writer.written_at >= TICK and self.spool.cursor > self.spool.last:
            self.put("tick", {})
            self.writer.written_at = time.monotonic()

    def _timeout(self):
        until = min(self.writer.written_at + TICK, *self.life.deadlines())
        return min(max(until - time.monotonic(), 0.001), TICK)


def main(handover):
    """What the bundle calls."""
    Runner(handover).run()
