"""The life of the script: prepared, started, stopped, ended. Everything here runs in the main thread."""

import _signal
import _socket
import os
import sys
import time

from . import control, entries, process, told, verdict
from .ending import Ending

GRACE = 10.0
_AGAIN = 0.005  # until a swallowed exception is raised again: by then the hook that told of it is through
_STATES = 16  # of a script's process; ours tells eight, and a flood of them would make everybody's history long
_CROWDED = 48 << 20  # bytes in the spool above which the script's events wait; its printing never does


class Life:
    """`recorder` is None until the script's process is there."""

    def __init__(self, runner):
        self._runner = runner
        self.recorder = None
        self._limits = {}
        self._prepared = False
        self._started = False
        self._pending_start = None
        self._state = None
        self._states = 0
        self._pid = None
        self._status = None
        self._receiver = None
        self._sourced = False
        self._watched = False
        self._outcome = None
        self._stop = None
        self._settled = False
        self._scratch = None
        self._ending = Ending(runner)
        self._deadline = None  # of preparing, then of main
        self._kill_at = None
        self._again_at = None
        self._verdict = None

    def prepare(self, message):
        """Forks the script's process, before any thread of ours is there. None or the code of the refusal."""
        if self._prepared:
            return None
        if self._stop is not None:
            return "stopped"
        self._prepared = True
        self._limits = message["limits"]
        self._scratch = message["scratch"] = _scratch_folder()
        ours, theirs = control.pair()
        pipes = {b"stdout": os.pipe(), b"stderr": os.pipe()}
        process.set_subreaper(self._runner.prctl)
        _signal.pthread_sigmask(_signal.SIG_BLOCK, {_signal.SIGTERM})
        parent = os.getpid()
        self._pid = os.fork()
        if not self._pid:
            try:
                # Imported on this side of the fork, as the recorder is on the other: the two are compiled at the same time.
                from .script import Script, isolate

                _signal.set_wakeup_fd(-1)
                _signal.signal(_signal.SIGCHLD, _signal.SIG_DFL)
                _signal.signal(_signal.SIGINT, _signal.default_int_handler)
                isolate(theirs.fileno(), pipes[b"stdout"][1], pipes[b"stderr"][1], self._runner.prctl, parent)
                sys.path[:0] = self._runner.path
                Script(message, theirs).run()
            except BaseException as error:
                sys.excepthook(type(error), error, error.__traceback__)
            finally:
                os._exit(70)  # a fault of ours: nothing may return into the runner's code here
        from .recorder import Recorder

        _signal.pthread_sigmask(_signal.SIG_UNBLOCK, {_signal.SIGTERM})
        theirs.close()
        for _, end in pipes.values():
            os.close(end)
        self._receiver = control.Receiver(ours)
        recorder = Recorder(self._runner.journal, {stream: p[0] for stream, p in pipes.items()}, self._limits.get("maxBytes"), self._ending.written)
        self._runner.writer.start()
        recorder.start()
        self.recorder = recorder
        self._set_deadline("prepareSeconds")
        return None

    def answered(self):
        """What is to follow the answer: from now on the script is heard, or its `main` runs."""
        if self._pid is not None and self._state is None:
            self._state = "IDLE"
            self._runner.put("state", {"state": "IDLE"})
            self._watch(True)
        if self._pending_start is not None:
            message, self._pending_start = self._pending_start, None
            self._tell(message)

    def start(self, message):
        """Has `main` run, once."""
        if self._stop is not None or self._verdict is not None:
            return None if self._started else "stopped"
        if self._started:
            return None
        if self._state != "READY":
            return "not-ready"
        self._started = True
        self._runner.put("state", {"state": "RUNNING"}, early=True)
        self._set_deadline("runSeconds")
        self._pending_start = {"c": "start", "argsJSON": message.get("argsJSON")}
        return None

    def stop(self, message):
        """Section 5 of the protocol. Acts at once, before any entry is made. Only ever shortens an earlier stop's time."""
        grace = message.get("graceSeconds", self._limits.get("graceSeconds", GRACE))
        self._end_script(message.get("reason", "user"), message.get("message"), message.get("mode") == "Immediate", grace)
        return None

    def sigterm(self):
        """The kubelet's, or somebody's in the pod."""
        grace = self._limits.get("graceSeconds", GRACE)
        self._ending.kubelet(self._limits.get("terminationSeconds", grace + 30))
        self._end_script("external", None, False, grace)

    def _end_script(self, reason, message, immediate, grace):
        if self._verdict is not None:
            return
        first = self._stop is None
        if first:
            if self._pid is not None:
                self.listen()  # what it told before
                self._settled = self._outcome is not None
            self._stop = verdict.Stop(reason, message, immediate)
        if self._pid is None:
            self._finish(verdict.of_nothing(self._stop))
            return
        if first:
            self._tell({"c": "stop", "reason": reason, "message": message})
            if not immediate:
                self._signal()
            if not self._settled:
                self._runner.put("state", {"state": "STOPPING", "reason": reason})
        until = time.monotonic() + (0 if immediate else grace)
        self._kill_at = min(until, self._kill_at or until, self._ending.last_kill())

    def _signal(self):
        try:
            os.kill(self._pid, _signal.SIGTERM)
        except ProcessLookupError:
            pass  # it has ended; the next step sees it

    def _tell(self, message):
        try:
            control.send(self._receiver.socket, entries.dumps(message), _socket.MSG_DONTWAIT)
        except OSError:
            pass  # it has ended, or does not read: the signal and the kill do without

    def step(self):
        """What time or the end of a process has brought."""
        now = time.monotonic()
        if self._verdict is not None:
            self._ending.step(self._verdict)
            return
        if self._pid is None:
            return
        status = process.reap(self._pid)
        if status is not None:
            self._ended(status)
            return
        if self._late(now):
            self.listen()  # READY may have been told in time
            if self._late(now):
                self._end_script("deadline", self._deadline[1], False, self._limits.get("graceSeconds", GRACE))
        if self._again_at is not None and now >= self._again_at:
            self._again_at = None
            self._signal()
        if self._kill_at is not None and now >= self._kill_at:
            self._stop.killed = True
            process.kill_all(self._pid)
            self._kill_at = now + 0.1  # what forked meanwhile
        crowded = self._runner.spool.bytes > _CROWDED
        if crowded == self._watched and not self._receiver.eof:
            self._watch(not crowded)

    def _late(self, now):
        return self._deadline is not None and now >= self._deadline[0] and self._stop is None

    def _ended(self, status):
        self.listen()
        if self._watched:
            self._watch(False)
        process.clear(self._pid)
        _remove(self._scratch)
        self._finish(verdict.of(self._outcome, self._stop, self._settled, status))

    def _finish(self, fields):
        self._verdict = fields
        self._ending.begin(fields, self.recorder, self._limits)

    def acknowledged(self, n):
        """Lets entries go."""
        n = min(n, self._runner.spool.last)
        self._runner.spool.acknowledge(n)
        self._ending.acknowledged(n)

    def deadlines(self):
        """Monotonic times at which to look again."""
        found = [self._ending.next()]
        if self._verdict is None:
            found += [self._kill_at or found[0], self._again_at or found[0], self._deadline[0] if self._deadline and self._stop is None else found[0]]
            if self._receiver is not None and not self._watched and not self._receiver.eof:
                found.append(time.monotonic() + 0.05)  # crowded: look whether it still is
        return found

    def _set_deadline(self, name):
        seconds = self._limits.get(name)
        what = "preparing took" if name == "prepareSeconds" else "main ran"
        self._deadline = None if seconds is None else (time.monotonic() + seconds, "%s longer than %s = %g s" % (what, name, seconds))

    def _watch(self, on):
        self._watched = on
        self._runner.watch(self._receiver.socket.fileno(), on)

    def listen(self):
        """Takes what the script's process has told."""
        while True:
            message = self._receiver.receive(_socket.MSG_DONTWAIT)
            if message is None:
                break
            if told.valid(message):
                self._heard(message)
        if self._receiver.eof and self._watched:
            self._watch(False)

    def _heard(self, message):
        what = message["c"]
        if what == "outcome":
            self._outcome = message
        elif what == "swallowed":
            self._again_at = time.monotonic() + _AGAIN
        elif message["k"] == "state":
            self._states += 1
            if self._states > _STATES or self._stop is not None:
                return  # STOPPING is the last one: a script that is held up tells of its phases later
            self._state = message["f"]["state"]
            if self._state == "READY" and not self._started:
                self._deadline = None
            self._runner.put("state", message["f"])
        elif message["k"] == "source" and self._sourced:
            pass  # ours was the first, before the script's code was there
        else:
            self._sourced = self._sourced or message["k"] == "source"
            self._runner.put(message["k"], message["f"])


def _scratch_folder():
    path = os.path.join(os.environ.get("TMPDIR") or "/tmp", "oet-script-" + os.urandom(8).hex())
    try:
        os.mkdir(path, 0o700)
    except OSError:
        return None  # a read-only file system
    return path


def _remove(path):
    if path is None:
        return
    try:
        for name in os.listdir(path):
            os.unlink(os.path.join(path, name))
        os.rmdir(path)
    except OSError:  # folders are in it: a clone, or the script's own
        import shutil

        shutil.rmtree(path, ignore_errors=True)
