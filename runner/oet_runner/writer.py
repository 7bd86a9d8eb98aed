"""From the spool to stdout. The only code that may wait for the container runtime; in a thread of its own once the script is there."""

import os
import select
import time

from . import threads

BATCH = 65536


def write_all(data):
    """Writes to stdout, however long that takes: a runtime may stall for seconds, and a descriptor may be non-blocking."""
    view = memoryview(data)
    while view:
        try:
            view = view[os.write(1, view) :]
        except BlockingIOError:
            select.select([], [1], [], 1)
        except OSError:  # nobody reads: the container is being torn down, or never was one
            time.sleep(0.2)


class Writer:
    """Pumps the spool; `written_at` is the monotonic time of the last line, for ticks."""

    def __init__(self, spool):
        self._spool = spool
        self.written_at = time.monotonic()
        self._thread = None

    def pump(self):
        """Before the threads: writes what there is."""
        while True:
            data = self._spool.take(BATCH, wait=False)
            if not data:
                return
            write_all(data)
            self.written_at = time.monotonic()

    def start(self):
        """From now on by itself."""
        self._thread = threads.start("oet-writer", self._run)

    def _run(self):
        while True:
            write_all(self._spool.take(BATCH))
            self.written_at = time.monotonic()
