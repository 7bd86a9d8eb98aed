"""Numbers entries and puts them into the spool. Used by one thread at a time: the main one, then the recorder's."""

from . import entries


class Journal:
    """`n` is the number of the last entry."""

    def __init__(self, spool, n):
        self._spool = spool
        self.n = n

    def add(self, kind, fields):
        """One entry, or the parts of one."""
        self.lines(entries.tails(kind, fields))

    def lines(self, tails):
        """Lines without number and time (see entries.tails)."""
        now = entries.now()
        for tail in tails:
            self.n += 1
            self._spool.append(b'{"n":%d,"t":%d' % (self.n, now) + tail)
