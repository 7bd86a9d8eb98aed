"""How a run ended: from what the script told, how its process ended, and whether a stop had been asked for."""

import _signal
import os

_NAMES = {getattr(_signal, name): name for name in sorted(dir(_signal), reverse=True) if name.startswith("SIG") and name[3] != "_"}


INTERRUPTED = 143  # exit code after TerminateInterrupt


class Stop:
    """The first stop; `immediate` and `killed` tell how it went on."""

    def __init__(self, reason, message, immediate):
        self.reason = reason
        self.message = message
        self.immediate = immediate
        self.killed = False


def of_nothing(stop):
    """The verdict of a run whose script never came."""
    reason = "External" if stop.reason == "external" else "Stopped"
    return _fields("STOPPED", reason, stop.message, None, None)


def of(outcome, stop, settled, status):
    """Fields of `end`. `outcome` is what the script process told last (or None), `settled` whether before the stop."""
    number = os.WTERMSIG(status) if os.WIFSIGNALED(status) else None
    code = os.WEXITSTATUS(status) if os.WIFEXITED(status) else None
    if stop is not None and not settled:
        return _stopped(stop, code, number)
    if outcome is None:
        if number is not None:
            return _fields("FAILED", "Killed", "the script's process was killed by signal %d (%s)" % (number, _NAMES.get(number, "?")), code, number)
        why = ": TerminateInterrupt, or SIGTERM, came without a stop" if code == INTERRUPTED else ""
        return _fields("FAILED", "Exited", "the script's process left with code %d and without a result%s" % (code, why), code, number)
    if outcome["outcome"] == "returned":
        return _fields("COMPLETE", "Completed", None, code, number)
    reason = "BadArguments" if outcome["phase"] == "args" else "SystemExit" if outcome["type"] == "SystemExit" else "ScriptError"
    return _fields("FAILED", reason, outcome["type"] + (": " + outcome["message"] if outcome["message"] else ""), code, number)


def _stopped(stop, code, number):
    if stop.reason == "deadline":
        return _fields("FAILED", "DeadlineExceeded", stop.message, code, number)
    if stop.reason == "external":
        return _fields("FAILED", "External", stop.message or "SIGTERM without a stop", code, number)
    over = stop.killed and not stop.immediate
    return _fields("STOPPED", "GraceExceeded" if over else "Stopped", stop.message, code, number)


def _fields(state, reason, message, code, number):
    return {"state": state, "reason": reason, "message": message, "exitCode": code, "signal": number}


def exit_code(end):
    """What PID 1 leaves with. A failed run never leaves with 0: where only that code is left, it must not look complete."""
    if end["state"] == "COMPLETE":
        return 0
    if end["state"] == "STOPPED":
        return 143
    if end["signal"] is not None:
        return 128 + end["signal"]
    return (end["exitCode"] if end["reason"] in ("SystemExit", "Exited") else None) or 1
