"""SHA-256 of a stream of output, without OpenSSL where it is not worth its loading."""

from .frames import sha256

_SMALL = 64 << 10  # bytes that the interpreter's own code sums up faster than OpenSSL is loaded


class Sum:
    """As hashlib's."""

    def __init__(self):
        self._sum = None
        self._first = []
        self._size = 0

    def update(self, data):
        """Takes more of the stream."""
        if self._sum is None:
            self._first.append(data)
            self._size += len(data)
            if self._size <= _SMALL:
                return
            try:
                from hashlib import sha256 as fast

                self._sum = fast()
            except (ImportError, OSError, MemoryError):  # no descriptor is left to load it with
                self._sum = sha256()
            data, self._first = b"".join(self._first), None
        self._sum.update(data)

    def hexdigest(self):
        """Of all that was taken."""
        return (self._sum or sha256(b"".join(self._first))).hexdigest()
