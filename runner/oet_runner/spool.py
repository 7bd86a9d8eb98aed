"""The spool: every entry from when it is made until it is acknowledged. In memory first, then in unlinked files."""

import os
import threading

MEMORY = 16 << 20
SEGMENT = 16 << 20


def scratch_file():
    """A file descriptor of an unlinked file in the temporary folder, or None where none can be written."""
    name = os.path.join(os.environ.get("TMPDIR") or "/tmp", "oet-spool-" + os.urandom(8).hex())
    try:
        fd = os.open(name, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    except OSError:
        return None
    os.unlink(name)
    return fd


class _Segment:
    """A stretch of the spool in a file; closed when its last entry is gone."""

    def __init__(self, fd):
        self.fd = fd
        self.size = 0
        self.entries = 0
        self.full = False

    def let_go(self):
        self.entries -= 1
        if self.entries == 0 and self.full:
            os.close(self.fd)


class Spool:
    """Lines by number. One thread appends; any thread acknowledges, rewinds or takes. `changed` is notified at each.

    `limit` bytes are written ahead of the acknowledgement while `attended()` says that a controller is there.
    """

    def __init__(self, lines, attended, limit=4 << 20, memory=MEMORY):
        self.changed = threading.Condition(threading.Lock())
        self.first = 1  # the lowest number that is still here
        self.cursor = 1 + len(lines)  # the next number to be written
        self.bytes = sum(map(len, lines))  # of all that is here
        self._lines = list(lines)  # bytes, or (segment, offset, length)
        self._gone = 0  # places at the beginning of _lines that are free already
        self._attended = attended
        self._limit = limit
        self._memory = memory
        self._in_memory = self.bytes
        self._ahead = self.bytes  # written, not acknowledged
        self._segment = None

    @property
    def last(self):
        """The highest number so far."""
        return self.first + len(self._lines) - self._gone - 1

    def append(self, line):
        """Adds the line of the next number. May write to a file, never waits for a reader."""
        record = line
        if self._in_memory + len(line) > self._memory:
            record = self._to_file(line)
        with self.changed:
            self._lines.append(record)
            self.bytes += len(line)
            if record is line:
                self._in_memory += len(line)
            self.changed.notify_all()

    def _to_file(self, line):
        segment = self._segment
        if segment is None or segment.full:
            fd = scratch_file()
            if fd is None:
                return line
            segment = self._segment = _Segment(fd)
        try:
            written = 0
            while written < len(line):
                written += os.pwrite(segment.fd, line[written:], segment.size + written)
        except OSError:  # the disk is full: memory then, which the output limit bounds
            return line
        with self.changed:
            record = (segment, segment.size, len(line))
            segment.size += len(line)
            segment.entries += 1
            segment.full = segment.size >= SEGMENT
        return record

    def acknowledge(self, n):
        """Lets go of everything up to n."""
        with self.changed:
            n = min(n, self.last)
            while self.first <= n:
                record = self._lines[self._gone]
                self._lines[self._gone] = None
                self._gone += 1
                size = self._release(record)
                self.bytes -= size
                if self.first < self.cursor:
                    self._ahead -= size
                else:
                    self.cursor = self.first + 1
                self.first += 1
            if self._gone > 4096 and self._gone * 2 > len(self._lines):
                del self._lines[: self._gone]
                self._gone = 0
            self.changed.notify_all()

    def _release(self, record):
        if isinstance(record, bytes):
            self._in_memory -= len(record)
            return len(record)
        record[0].let_go()
        return record[2]

    def rewind(self, n):
        """Has the entries from n on written again; returns the first number that can be."""
        with self.changed:
            n = max(n, self.first)
            while self.cursor > n:
                self.cursor -= 1
                record = self._lines[self.cursor - self.first + self._gone]
                self._ahead -= len(record) if isinstance(record, bytes) else record[2]
            self.changed.notify_all()
            return n

    def take(self, size, wait=True):
        """About `size` bytes of what is to be written next; without `wait` b"" where there is nothing."""
        with self.changed:
            while self.cursor > self.last or (self._ahead >= self._limit and self._attended()):
                if not wait:
                    return b""
                # The window opens by an ack, which notifies, or when the controller has been gone for long, which does not.
                self.changed.wait(1.0 if self.cursor <= self.last else None)
            got, total = [], 0
            while self.cursor <= self.last and total < size:
                record = self._lines[self.cursor - self.first + self._gone]
                if not isinstance(record, bytes):
                    record = os.pread(record[0].fd, record[2], record[1])
                got.append(record)
                total += len(record)
                self.cursor += 1
            self._ahead += total
        return b"".join(got)
