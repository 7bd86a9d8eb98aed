"""The script's process: loads the script, runs `init`, waits for `start`, runs `main`. Never returns to the runner's code."""

import _signal
import _socket
import atexit
import os
import select
import sys
import threading
import types

from . import control, entries
from .arguments import BadArguments, parse
from .bridge import Finder, PubSub
from .outcome import finished, flush_files, free, late
from .terminate import Guard, TerminateInterrupt
from .toolbox import build, event, result
from .verdict import INTERRUPTED


class Script:
    """One life. `prepare` is the message; `socket` the script's end of the control pair."""

    def __init__(self, prepare, socket):
        self._prepare = prepare
        self._receiver = control.Receiver(socket)
        self._pid = os.getpid()
        self._guard = Guard(self._why, lambda: self._tell({"c": "swallowed"}))
        self._requirements = prepare.get("environment", {}).get("requirements")
        self._project = prepare["script"].get("git", {}).get("createEnv")
        self._source = None
        self._module = None
        self._init = None
        self._start = None

    def run(self):
        """The whole life, in the main thread; ends the process."""
        self._guard.install()
        _signal.pthread_sigmask(_signal.SIG_UNBLOCK, {_signal.SIGTERM})
        name = str(self._prepare["id"])
        threading.current_thread().name = name
        sys.modules["oet"] = build(self._entry, name)
        publish = PubSub(lambda topic, fields: self._entry("event", event(topic, fields, name)))
        Finder({"pubsub.pub": publish, "multiprocessing.spawn": self._spawned}).install()
        code = self._phases()
        self._finalise()
        self._leave(code)

    def _phases(self):
        if self._requirements or self._project:
            self._state("PREP_ENV")
            code = self._phase("env", self._environment)
            if code is not None:
                return code
            self._state("IDLE")
        self._state("LOADING")
        code = self._phase("load", self._load)
        if code is not None:
            return code
        self._state("IDLE")
        if self._init is not None:
            self._state("INITIALISING")
            code = self._call("init", lambda: self._init, self._prepare.get("argsJSON"))
            if code is not None:
                return code
        self._state("READY")
        code = self._phase("main", self._wait)
        if code is not None:
            return code
        # Looked up only now: `init` commonly rebinds it, and a script without it fails here.
        return self._call("main", lambda: self._module.main, self._start.get("argsJSON"))

    def _call(self, phase, find, text):
        try:
            args, kwargs = parse(text)
        except BadArguments as error:
            return self._failed("args", error)
        value = []
        code = self._phase(phase, lambda: value.append(finished(phase, find()(*args, **kwargs))))
        if code is not None or phase != "main":
            return code
        self._state("READY")
        if value[0] is not None:
            self._result(value[0])
        self._tell({"c": "outcome", "outcome": "returned"})
        return 0

    def _phase(self, phase, action):
        """Runs code of the script; None if it returned, else the exit code after what it raised was told."""
        guard = self._guard
        code = None
        try:
            try:
                guard.open()
                action()
            finally:
                guard.close()
        except TerminateInterrupt:
            guard.close()
            code = INTERRUPTED
        except BaseException as error:
            guard.close()
            code = self._failed(phase, error)
        if os.getpid() != self._pid:
            self._leave(code or 0)  # a copy made by fork came back: it has no part in what follows
        return code

    def _failed(self, phase, error):
        # issubclass, not isinstance: that would ask the exception, whose answer may be to raise.
        sys.setrecursionlimit(max(sys.getrecursionlimit(), 1000))
        if issubclass(type(error), MemoryError):
            free(error)
        failed = late("failed")
        code = failed["exit_code"](error.code) if issubclass(type(error), SystemExit) else 1
        if os.getpid() != self._pid:
            if not isinstance(error, SystemExit):
                failed["report"](error)
            return code
        fields = failed["described"](error)
        self._entry("error", {"phase": phase, **fields})
        outcome = {"type": fields["type"], "message": fields["message"][:2000], "phase": phase}
        self._tell({"c": "outcome", "outcome": "raised", **outcome})
        return code

    def _environment(self):
        from .environment import create

        folder = self._prepare["scratch"]
        if folder is None:
            raise PermissionError(13, "an environment needs a temporary folder that can be written", os.environ.get("TMPDIR") or "/tmp")
        self._obtain()
        create(folder, self._requirements, os.path.join(folder, "clone") if self._project else None)

    def _obtain(self):
        """Tells what will be loaded, before any code that is not ours has run in this process and could tell something else."""
        from .loading import obtain

        path, source, told = obtain(self._prepare["script"], self._prepare["scratch"])
        self._source = path, source
        self._entry("source", told)

    def _load(self):
        from .loading import load

        if self._source is None:
            self._obtain()
        self._module = load(*self._source, self._prepare["script"].get("uri"), self._prepare["scratch"])
        self._init = getattr(self._module, "init", None)

    def _spawned(self, _):
        from .spawned import provide

        provide(self._prepare["scratch"])

    def _wait(self):
        ready = select.poll()
        ready.register(self._receiver.socket, select.POLLIN)
        while self._start is None:
            self._guard.open()
            ready.poll()
            self._guard.close()  # else the signal might come between a packet's arrival and its being understood
            message = self._receiver.receive(_socket.MSG_DONTWAIT)
            if self._receiver.eof:
                os._exit(1)  # the runner is gone
            if message and message["c"] == "start":
                self._start = message
            elif message:
                raise self._guard.take(message["reason"], message["message"])

    def _why(self):
        message = self._receiver.receive(_socket.MSG_DONTWAIT)
        while message is not None:
            if message["c"] == "stop":
                return message["reason"], message["message"]
            message = self._receiver.receive(_socket.MSG_DONTWAIT)
        return "external", None

    def _finalise(self):
        """What the interpreter does at its end: threads that are no daemons are waited for, atexit functions run, files are flushed."""
        for action in (threading._shutdown, atexit._run_exitfuncs, flush_files):
            try:
                try:
                    self._guard.open()
                    action()
                finally:
                    self._guard.close()
            except BaseException as error:
                self._guard.close()
                if not isinstance(error, (TerminateInterrupt, SystemExit)):
                    late("failed")["report"](error)

    def _leave(self, code):
        for stream in (sys.stdout, sys.stderr):
            try:
                stream.flush()
            except BaseException:
                pass  # closed, or replaced by the script: there is nobody left to tell
        os._exit(code)

    def _tell(self, message):
        self._send(entries.dumps(message))

    def _send(self, message):
        try:
            control.send(self._receiver.socket, message)
        except OSError:
            if os.getpid() == self._pid:
                os._exit(1)  # the runner is gone, and with it everything that this process is for

    def _entry(self, kind, fields):
        message = entries.dumps({"c": "entry", "k": kind, "f": fields})
        if len(message) > entries.MAX_ENTRY:  # much more than the runner would take
            from .shorten import shortened

            message = entries.dumps({"c": "entry", "k": kind, "f": shortened(fields, entries.MAX_ENTRY - 128)})
        self._send(message)

    def _result(self, value):
        try:
            self._entry("result", result(value))
        except Exception:  # a class of the script's that is JSON at one time and none at the next
            self._entry("result", {"repr": "<" + type(value).__name__ + ">"})

    def _state(self, state):
        self._entry("state", {"state": state})


def _text(fd, mode, errors):
    return open(fd, mode, buffering=1, encoding="utf-8", errors=errors, closefd=False)


def isolate(socket_fd, stdout, stderr, prctl, parent):
    """In the new process: its own session, streams and descriptors; then dumpable again, so that scripts may be debugged."""
    os.setsid()
    null = os.open("/dev/null", os.O_RDONLY)
    os.dup2(null, 0)
    os.dup2(stdout, 1)
    os.dup2(stderr, 2)
    for name in os.listdir("/proc/self/fd"):
        fd = int(name)
        if fd > 2 and fd != socket_fd:
            try:
                os.close(fd)
            except OSError:
                pass  # the one that listdir had
    prctl(1, 9)  # PR_SET_PDEATHSIG, SIGKILL: without the runner there is nothing to run for
    prctl(4, 1)  # PR_SET_DUMPABLE, only now that nothing of the runner's is open here
    if os.getppid() != parent:
        os._exit(1)
    # Made anew: python -u has given streams that lose the rest of a write when a signal cuts it short.
    sys.stdin = sys.__stdin__ = _text(0, "r", "strict")
    sys.stdout = sys.__stdout__ = _text(1, "w", "surrogateescape")
    sys.stderr = sys.__stderr__ = _text(2, "w", "backslashreplace")
    sys.modules.setdefault("user_module", types.ModuleType("user_module"))
