"""The module `oet` that scripts may import: progress, events and the exception of a stop."""

import types

from . import plainjson
from .terminate import TerminateInterrupt

MAX_RESULT = 4096
MAX_REPR = 1024


def _repr(value):
    try:
        return repr(value)
    except Exception as error:  # the script's code: anything may come
        return "<" + type(value).__name__ + " whose repr raised " + type(error).__name__ + ">"


def jsonable(value):
    """value if it is JSON, else its repr."""
    try:
        plainjson.dumps(value)
    except (TypeError, ValueError, RecursionError):
        return _repr(value)
    return value


def result(value):
    """Fields of the `result` entry for main's return value."""
    try:
        text = plainjson.dumps(value)
        if len(text.encode("utf-8", "surrogatepass")) <= MAX_RESULT:
            return {"value": value}
    except (TypeError, ValueError, RecursionError):
        pass  # no JSON: its repr
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
