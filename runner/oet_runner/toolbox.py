"""The module `oet` that scripts may import: progress, events and the exception of a stop."""

import types

from . import plainjson
from .terminate import TerminateInterrupt

MAX_RESULT = 4096
MAX_REPR = 1024
_DEPTH = 100  # of lists and objects in each other; readers have limits of their own


def _repr(value):
    try:
        return str.__str__(repr(value))  # no class of the script's
    except BaseException as error:  # the script's code: anything may come
        if isinstance(error, TerminateInterrupt):
            raise
        return "<" + type(value).__name__ + " whose repr raised " + type(error).__name__ + ">"


def _text(value):
    """JSON text, or None where the value is none. A dict or a str of the script's own may raise what it likes."""
    try:
        text = plainjson.dumps(value)
    except Exception:
        return None
    return text if text.count("[") + text.count("{") <= _DEPTH or _depth(text) <= _DEPTH else None


def _depth(text):
    """How deep JSON text is nested."""
    depth = most = 0
    text = text.replace("\\\\", "").replace('\\"', "")
    for i, piece in enumerate(text.split('"')):
        if i % 2 == 0:  # not within a text
            for c in piece:
                if c in "[{":
                    depth += 1
                    most = max(most, depth)
                elif c in "]}":
                    depth -= 1
    return most


def jsonable(value):
    """value if it is JSON, else its repr."""
    return _repr(value) if _text(value) is None else value


def result(value):
    """Fields of the `result` entry for main's return value."""
    text = _text(value)
    if text is not None and len(text.encode("utf-8", "surrogatepass")) <= MAX_RESULT:
        return {"value": value}
    return {"repr": _repr(value)[:MAX_REPR]}


def event(topic, fields, name):
    """Fields of the `event` entry; `name` is the msg_src of an event that has none."""
    fields = {str(k): jsonable(v) for k, v in fields.items()}
    fields.setdefault("msg_src", name)
    return {"topic": str(topic), "fields": fields}


def build(tell, name):
    """The module. `tell(kind, fields)` sends an entry; `name` is the procedure's id."""

    def progress(fraction=None, message=None):
        """Tells how far the script is: a fraction from 0 to 1, or None, and a text."""
        if fraction is not None:
            fraction = min(max(float(fraction), 0.0), 1.0)
            fraction = None if fraction != fraction else fraction
        tell("progress", {"fraction": fraction, "message": None if message is None else str(message)})

    def publish(topic, /, **fields):
        """Puts an event on the stream that clients listen to. What is no JSON goes as its repr."""
        tell("event", event(topic, fields, name))

    module = types.ModuleType("oet", __doc__)
    module.progress = progress
    module.publish = publish
    module.TerminateInterrupt = TerminateInterrupt
    module.__all__ = ["TerminateInterrupt", "progress", "publish"]
    return module
