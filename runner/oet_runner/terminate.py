"""In the script's process: SIGTERM becomes `TerminateInterrupt` in the main thread, whatever it is doing."""

import _signal
import sys


class TerminateInterrupt(BaseException):
    """The script is to end. No Exception, so that `except Exception` lets it pass; `reason` and `message` say why."""

    def __init__(self, reason="user", message=None):
        super().__init__(reason if not message else reason + ": " + message)
        self.reason = reason
        self.message = message


TerminateInterrupt.__module__ = "oet"


class Guard:
    """Knows whether the main thread runs the script's code, where the exception may fall, or ours, where it waits.

    `ask` fetches (reason, message) from the runner; `swallowed` tells the runner that Python dropped the exception,
    so that it sends the signal again: raised from within the hook itself it would be dropped once more.
    """

    def __init__(self, ask, swallowed):
        self._ask = ask
        self._swallowed = swallowed
        self._open = False
        self._raised = False
        self.pending = None

    def install(self):
        """Takes SIGTERM and sys.unraisablehook."""
        _signal.signal(_signal.SIGTERM, self._on_signal)
        before = sys.unraisablehook

        def hook(args):
            if isinstance(args.exc_value, TerminateInterrupt):
                self._raised = False
                self._swallowed()
            else:
                before(args)

        sys.unraisablehook = hook

    def _on_signal(self, *_):
        if self._raised:
            return
        if self.pending is None:
            self.pending = TerminateInterrupt(*self._ask())
        if self._open:
            self._raised = True
            raise self.pending.with_traceback(None)

    def take(self, reason, message):
        """The exception, for who got the stop without the signal; the signal then does nothing more."""
        self.pending = TerminateInterrupt(reason, message)
        self._raised = True
        return self.pending

    def open(self):
        """The script's code follows. Raises what has come meanwhile."""
        self._open = True
        if self.pending and not self._raised:
            self._raised = True
            raise self.pending

    def close(self):
        """Our own code follows."""
        self._open = False
