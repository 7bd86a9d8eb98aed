"""`output.maxBytes`: the first half of the output as it comes, then the newest half, held back until the end."""

import os
from _collections import deque

from .spool import scratch_file

_MEMORY = 16 << 20  # what the newest half may hold where no file can be written
_RECORDS = 65536


class Keeper:
    """Decides what is kept of both streams together. `limit` None keeps all."""

    def __init__(self, limit):
        self._left = None if limit is None else limit // 2  # of the first half
        self._room = 0 if limit is None else limit - limit // 2
        self._records = deque()  # [stream, length] in order; their bytes lie one after another in the ring
        self._held = 0
        self._start = 0  # place in the ring of the oldest byte
        self._fd = None
        self._memory = None
        self.dropped = {}

    def first(self, stream, data):
        """What of data is to go out now; the rest is held."""
        if self._left is None or len(data) <= self._left:
            if self._left is not None:
                self._left -= len(data)
            return data
        now, rest = data[: self._left], data[self._left :]
        self._left = 0
        self._hold(stream, rest)
        return now

    def _hold(self, stream, data):
        if self._fd is None and self._memory is None:
            self._fd = scratch_file() if self._room > 1 << 20 else None
            if self._fd is None:
                self._room = min(self._room, _MEMORY)
                self._memory = bytearray(self._room)
        if len(data) > self._room:
            self._drop(stream, len(data) - self._room)
            data = data[len(data) - self._room :]
        if not data:
            return
        self._evict(self._held + len(data) - self._room)
        self._put((self._start + self._held) % self._room, data)
        self._held += len(data)
        if self._records and self._records[-1][0] == stream:
            self._records[-1][1] += len(data)
        else:
            self._records.append([stream, len(data)])
            if len(self._records) > _RECORDS:
                self._evict(self._records[0][1])

    def _drop(self, stream, size):
        self.dropped[stream] = self.dropped.get(stream, 0) + size

    def _evict(self, size):
        while size > 0:
            oldest = self._records[0]
            part = min(size, oldest[1])
            self._drop(oldest[0], part)
            oldest[1] -= part
            if not oldest[1]:
                self._records.popleft()
            self._start = (self._start + part) % self._room
            self._held -= part
            size -= part

    def _put(self, at, data):
        head = data[: self._room - at]
        for place, part in ((at, head), (0, data[len(head) :])):
            if not part:
                continue
            if self._memory is not None:
                self._memory[place : place + len(part)] = part
                continue
            try:
                while part:
                    done = os.pwrite(self._fd, part, place)
                    part, place = part[done:], place + done
            except OSError:  # the disk is full: everything held so far becomes part of the gap
                self._to_memory()
                return self._put(0, data)
        return None

    def _to_memory(self):
        self._evict(self._held)
        os.close(self._fd)
        self._fd, self._start = None, 0
        self._room = min(self._room, _MEMORY)
        self._memory = bytearray(self._room)

    def last(self, size=1 << 20):
        """(stream, bytes) of all that is held, in order."""
        while self._records:
            stream, length = self._records[0]
            part = min(length, size, self._room - self._start)
            data = os.pread(self._fd, part, self._start) if self._memory is None else bytes(self._memory[self._start : self._start + part])
            self._records[0][1] -= part
            if not self._records[0][1]:
                self._records.popleft()
            self._start = (self._start + part) % self._room
            self._held -= part
            yield stream, data
