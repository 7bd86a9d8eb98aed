"""In the script's process: SIGTERM becomes `TerminateInterrupt` in the main thread, whatever it is doing."""

import _signal
import _thread
import os
import sys


class TerminateInterrupt(BaseException):
    """The script is to end. No Exception, so that `except Exception` lets it pass; `reason` and `message` say why."""

    def __init__(self, reason="user", message=None):
        super().__init__(reason if not message else reason + ": " + message)
        self.reason = reason
        self.message = message


class _ThroughTheLoop(TerminateInterrupt, KeyboardInterrupt):
    """The same for an asyncio event loop, which keeps what its tasks and callbacks raise to itself, but for KeyboardInterrupt and
    SystemExit: another exception that falls into a task in the background never gets to whoever waits for the loop."""


TerminateInterrupt.__module__ = _ThroughTheLoop.__module__ = "oet"
_ThroughTheLoop.__name__ = _ThroughTheLoop.__qualname__ = "TerminateInterrupt"


def _in_a_loop():
    events = sys.modules.get("asyncio.events")
    return events is not None and events._get_running_loop() is not None


class Guard:
    """Knows whether the main thread runs the script's code, where the exception may fall, or ours, where it waits.

    `ask` fetches (reason, message) from the runner; `swallowed` tells the runner that Python dropped the exception (in
    `__del__`, in a callback), so that it sends the signal again.
    """

    def __init__(self, ask, swallowed):
        self._ask = ask
        self._swallowed = swallowed
        self._open = False
        self._raised = False
        self._trapped = False
        self._hook = None
        self.pending = None

    def install(self):
        """Takes SIGTERM and sys.unraisablehook."""
        handler = self._on_signal
        _signal.signal(_signal.SIGTERM, handler)

        # A copy made by fork ends by SIGTERM as any process does (multiprocessing's terminate): a stop is not for it to handle. Blocked
        # around the fork: Python forgets a signal that comes to the copy before its hooks have run.
        opened = {}  # thread: whether it had SIGTERM open

        def block():
            # Asked first: the call that blocks it may raise for one that has just come.
            opened[_thread.get_ident()] = _signal.SIGTERM not in _signal.pthread_sigmask(_signal.SIG_BLOCK, ())
            _signal.pthread_sigmask(_signal.SIG_BLOCK, {_signal.SIGTERM})

        def unblock():
            if opened.pop(_thread.get_ident(), False):
                _signal.pthread_sigmask(_signal.SIG_UNBLOCK, {_signal.SIGTERM})

        def default():
            if _signal.getsignal(_signal.SIGTERM) == handler:
                _signal.signal(_signal.SIGTERM, _signal.SIG_DFL)
            unblock()

        os.register_at_fork(before=block, after_in_parent=unblock, after_in_child=default)
        before = sys.unraisablehook

        def hook(args):
            if isinstance(args.exc_value, TerminateInterrupt):
                self._raised = False
                self._trap(sys._getframe(1))
                self._swallowed()
            else:
                before(args)

        self._hook = hook.__code__
        sys.unraisablehook = hook

    def _on_signal(self, _, frame):
        if self._raised:
            return
        while frame is not None:
            if frame.f_code is self._hook:
                return  # it would be dropped; the trap is set
            frame = frame.f_back
        self._disarm()
        if self.pending is None:
            self.pending = TerminateInterrupt(*self._ask())
        if self._open:
            self._raised = True
            raise self._fresh()

    def _fresh(self):
        """The exception, without the traceback of its last time, for where it falls now."""
        if _in_a_loop():
            return _ThroughTheLoop(self.pending.reason, self.pending.message)
        return self.pending.with_traceback(None)

    def _trap(self, frame):
        # Raised from within the hook the exception would be dropped once more, and the next signal may fall into the next
        # `__del__`. A trace function is called in the frames outside, at their next line, and may raise there.
        # Not at a line or a jump: there 3.12 and 3.13 may miss the `try` around a loop's last line.
        from opcode import opname

        def trap(at, event, _):
            if self._open and not self._raised and event == "opcode" and "JUMP" not in opname[at.f_code.co_code[at.f_lasti]]:
                self._raised = True
                self._disarm()
                raise self._fresh()
            return trap

        while frame is not None:
            frame.f_trace = trap
            frame.f_trace_opcodes = True
            frame = frame.f_back
        self._trapped = True
        sys.settrace(lambda *_: None)

    def _disarm(self):
        if self._trapped:
            self._trapped = False
            sys.settrace(None)

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
