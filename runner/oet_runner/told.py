"""What the script's process tells, checked: the script itself can write to that socket, and must not get more out of it than
the entries that are its own to make."""

_TEXT = (str,)
_MAYBE_TEXT = (str, type(None))
_ENTRIES = {  # kind: {field: types}
    "state": {"state": _TEXT},
    "event": {"topic": _TEXT, "fields": (dict,)},
    "progress": {"fraction": (int, float, type(None)), "message": _MAYBE_TEXT},
    "error": {"phase": _TEXT, "type": _TEXT, "message": _TEXT, "stackTrace": _TEXT, "frames": (list,), "causes": (list,)},
}
_STATES = {"IDLE", "PREP_ENV", "LOADING", "INITIALISING", "READY"}
_PHASES = {"env", "load", "init", "main", "args"}
_FRAME = {"file": _TEXT, "line": (int,), "function": _TEXT, "source": _MAYBE_TEXT}
MAX_LINE = 2**31 - 1  # of a source
_CAUSE = {"type": _TEXT, "message": _TEXT}


def _fits(fields, types):
    return isinstance(fields, dict) and fields.keys() == types.keys() and all(isinstance(fields[k], t) for k, t in types.items())


def _digest(text, lengths):
    return len(text) in lengths and not text.strip("0123456789abcdef")


def _entry(kind, fields):
    if isinstance(fields, dict) and fields.get("truncated") is True:
        fields = {k: v for k, v in fields.items() if k != "truncated"}
    if kind == "result":
        return isinstance(fields, dict) and (fields.keys() == {"value"} or _fits(fields, {"repr": _TEXT}))
    if kind == "source":
        types = {"sha256": _TEXT, "commit": _TEXT} if isinstance(fields, dict) and "commit" in fields else {"sha256": _TEXT}
        return _fits(fields, types) and _digest(fields["sha256"], (64,)) and _digest(fields.get("commit", "0" * 40), (40, 64))
    if kind not in _ENTRIES or not _fits(fields, _ENTRIES[kind]):
        return False
    if kind == "state":
        return fields["state"] in _STATES
    if kind == "progress":
        return fields["fraction"] is None or (not isinstance(fields["fraction"], bool) and 0 <= fields["fraction"] <= 1)
    if kind == "error":
        frames, causes = fields["frames"], fields["causes"]
        return fields["phase"] in _PHASES and all(map(_frame, frames)) and all(_fits(c, _CAUSE) for c in causes)
    return True


def _frame(frame):
    return _fits(frame, _FRAME) and not isinstance(frame["line"], bool) and 0 <= frame["line"] <= MAX_LINE


def valid(message):
    """Whether a message is one that our part of the script's process could have sent."""
    if not isinstance(message, dict):
        return False
    what = message.get("c")
    if what == "entry":
        return isinstance(message.get("k"), str) and _entry(message["k"], message.get("f"))
    if what == "outcome":
        if message.get("outcome") == "returned":
            return True
        return message.get("outcome") == "raised" and all(isinstance(message.get(k), str) for k in ("type", "message", "phase"))
    return what == "swallowed"
