"""From the script's pipes, and from the main thread's inbox, to the journal: one thread, so that numbers follow the order of reading."""

import fcntl
import os
import select
import time
from _collections import deque

from . import entries, threads
from .keep import Keeper
from .sums import Sum

BATCH = 0.020  # seconds: the first byte after silence at once, then this
_FULL = 128 << 10  # bytes that are not held for a batch
_READ = 256 << 10
_SMALL = 4096
_PAUSE = 0.002  # between reads of little: a script that prints by the line would wake us for each


def _totals(values):
    return {"stdout": values[b"stdout"], "stderr": values[b"stderr"]}


class Recorder:
    """`pipes` {b"stdout": fd, b"stderr": fd}; `done` is called in this thread with the number of `end`."""

    def __init__(self, journal, pipes, limit, done):
        self._journal = journal
        self._pipes = {fd: stream for stream, fd in pipes.items()}
        self._keeper = Keeper(limit)
        self._done = done
        self._inbox = deque()
        self._wake_read, self._wake_write = os.pipe()
        os.set_blocking(self._wake_read, False)
        os.set_blocking(self._wake_write, False)
        self._poll = select.poll()
        self._poll.register(self._wake_read, select.POLLIN)
        for fd in self._pipes:
            os.set_blocking(fd, False)
            self._poll.register(fd, select.POLLIN)
            try:
                fcntl.fcntl(fd, 1031, 1 << 20)  # F_SETPIPE_SZ
            except OSError:
                pass  # more than this user may have: a pipe of 64 KiB does
        self._pending = []  # [stream, bytes] in order of reading
        self._size = 0
        self._flushed = 0.0
        self._carry = dict.fromkeys(pipes, b"")
        self._read = dict.fromkeys(pipes, 0)
        self._kept = dict.fromkeys(pipes, 0)
        self._sums = {stream: Sum() for stream in pipes}
        self._finish = None

    def put(self, kind, fields, early=False):
        """From the main thread; never waits. An early entry precedes all output that is read from now on."""
        self._inbox.append((kind, fields, early))
        self._wake()

    def finish(self, verdict, deadline):
        """Nothing writes to the pipes any more: what is in them, then `end` with the verdict. `deadline` as monotonic time."""
        self._inbox.append((None, (verdict, deadline), False))
        self._wake()

    def _wake(self):
        try:
            os.write(self._wake_write, b"x")
        except BlockingIOError:
            pass  # full: it is awake for long

    def start(self):
        """Begins to read."""
        threads.start("oet-recorder", self._run)

    def _run(self):
        while True:
            self._wait()
            got = self._round()
            if self._pending and (self._size >= _FULL or time.monotonic() - self._flushed >= BATCH):
                self._flush()
            if self._finish and (not self._pipes or time.monotonic() >= self._finish[1]):
                self._end(self._finish[0])
                self._finish = None  # answers may still follow `end`
            if 0 < got < _SMALL:
                self._nap()

    def _round(self):
        """Reads once, and journals what the inbox has, each entry after what was printed before it was told. How much was read."""
        fresh = self._drain(1)
        got = sum(len(data) for _, data in fresh)
        items = self._take_inbox()
        while items:
            early = max((i for i, item in enumerate(items, 1) if item[2]), default=0)
            if early:  # put before what is fresh was printed, or while it was
                self._journal_all(items[:early])
                items = items[early:]
            self._pend(fresh)
            fresh = self._drain(4 << 20) if items else []
            more = self._take_inbox()
            if not any(item[2] for item in more):
                self._pend(fresh)
                fresh = []
            self._journal_all(items)
            items = more
        self._pend(fresh)
        return got

    def _journal_all(self, items):
        if items and self._pending:
            self._flush()
        for kind, fields, _ in items:
            if kind is None:
                self._finish = fields
            else:
                self._journal.add(kind, fields)

    def _wait(self):
        timeout = None
        if self._pending:
            timeout = max(self._flushed + BATCH - time.monotonic(), 0) * 1000
        if self._finish:
            timeout = 50 if timeout is None else min(timeout, 50)
        for fd, _ in self._poll.poll(timeout):
            if fd == self._wake_read:
                os.read(fd, 4096)

    def _nap(self):
        # Only the inbox may end it, so that a pipe fills while we rest.
        select.select([self._wake_read], [], [], _PAUSE)

    def _take_inbox(self):
        items = []
        while self._inbox:
            items.append(self._inbox.popleft())
        return items

    def _drain(self, most):
        """[(stream, bytes)] from each pipe until it is empty or `most` bytes are there; counted, not yet limited."""
        found = []
        for fd, stream in list(self._pipes.items()):
            got = 0
            while got < most:
                try:
                    data = os.read(fd, _READ)
                except BlockingIOError:
                    break
                if not data:
                    self._poll.unregister(fd)
                    os.close(fd)
                    del self._pipes[fd]
                    break
                got += len(data)
                self._read[stream] += len(data)
                found.append((stream, data))
        return found

    def _pend(self, pieces):
        for stream, data in pieces:
            kept = self._keeper.first(stream, data)
            if kept:
                self._append(stream, kept)

    def _append(self, stream, data):
        self._size += len(data)
        if self._pending and self._pending[-1][0] == stream:
            self._pending[-1][1].append(data)
        else:
            self._pending.append((stream, [data]))

    def _flush(self, whole=False):
        pending, self._pending, self._size = self._pending, [], 0
        for stream, pieces in pending:
            data = b"".join([self._carry[stream], *pieces])
            cut = len(data) if whole else entries.complete(data)
            self._carry[stream] = data[cut:]
            self._out(stream, data[:cut])
        self._flushed = time.monotonic()

    def _out(self, stream, data):
        self._kept[stream] += len(data)
        self._sums[stream].update(data)
        self._journal.lines(entries.out_tails(stream, data))

    def _end(self, verdict):
        for fd in self._pipes:  # held open by something that even SIGKILL did not end in time
            self._poll.unregister(fd)
            os.close(fd)
        self._pipes = {}
        self._flush()
        self._flush_carry()
        for stream, size in self._keeper.dropped.items():
            self._journal.add("gap", {"s": stream.decode(), "bytes": size})
        for stream, data in self._keeper.last():
            self._append(stream, data)
            if self._size >= _FULL:
                self._flush()
        self._flush()
        self._flush_carry()
        verdict["entries"] = self._journal.n + 1
        verdict["bytes"] = _totals(self._read)
        verdict["kept"] = _totals(self._kept)
        verdict["sha256"] = _totals({stream: s.hexdigest() for stream, s in self._sums.items()})
        self._journal.add("end", verdict)
        self._done(self._journal.n)

    def _flush_carry(self):
        for stream, rest in self._carry.items():
            self._carry[stream] = b""
            self._out(stream, rest)
