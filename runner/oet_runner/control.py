"""Between runner and script process: JSON messages over a socket pair that keeps packets whole.

A message longer than a packet goes in pieces under a key of its own. A sender that an exception interrupts leaves a message
without its last piece, which is forgotten; a copy of the script process made by fork cannot tear another's message apart.
"""

import _socket
import itertools
import os

from . import plainjson

PIECE = 32768
MOST = 512  # pieces of one message
_counter = itertools.count()


def _refuse(name):
    raise ValueError(name + " is no JSON value")


def pair():
    """(runner's end, script's end), both closed by exec."""
    return _socket.socketpair(_socket.AF_UNIX, _socket.SOCK_SEQPACKET)


def send(socket, message, flags=0):
    """Sends a message (bytes of JSON). May wait while the runner has too much to keep; OSError if it is gone."""
    key = b"%08x%08x" % (os.getpid() & 0xFFFFFFFF, next(_counter) & 0xFFFFFFFF)
    for i in range(0, len(message) or 1, PIECE):
        last = b"." if i + PIECE >= len(message) else b"+"
        socket.send(last + key + message[i : i + PIECE], flags)


class Receiver:
    """Puts messages together; what is no JSON is dropped. `eof` is True once the other end is closed everywhere."""

    def __init__(self, socket):
        self.socket = socket
        self.eof = False
        self._pieces = {}

    def receive(self, flags=0):
        """The next message, or None if there is none now (or none ever: `eof`)."""
        while not self.eof:
            try:
                packet = self.socket.recv(PIECE + 64, flags)
            except BlockingIOError:
                return None
            except ConnectionResetError:
                continue  # it left without having read all that we sent; what it sent itself comes after this error
            if not packet:
                self.eof = True
                return None
            key = packet[1:17]
            pieces = self._pieces.setdefault(key, [])
            pieces.append(packet[17:])
            if packet[:1] == b".":
                del self._pieces[key]
                try:
                    return plainjson.loads(b"".join(pieces), parse_constant=_refuse)
                except (ValueError, RecursionError):
                    continue
            if len(pieces) > MOST:
                del self._pieces[key]
            elif len(self._pieces) > 64:
                del self._pieces[next(iter(self._pieces))]
        return None
