"""An exception as data: what `error` entries carry."""

import linecache
import traceback

_OURS = (lambda: None).__code__.co_filename.rpartition("/")[0] + "/"


def describe(error):
    """The fields of an `error` entry but the phase. Our own frames at the beginning are left out."""
    tb = error.__traceback__
    while tb is not None and tb.tb_frame.f_code.co_filename.startswith(_OURS):
        tb = tb.tb_next
    trace = traceback.TracebackException(type(error), error, tb)
    stack = traceback.extract_tb(tb, limit=200)
    frames = [{"file": f.filename, "line": f.lineno or 0, "function": f.name, "source": f.line or None} for f in stack]
    if isinstance(error, SyntaxError) and error.filename:
        line = error.lineno or 0
        source = (error.text or linecache.getline(error.filename, line)).strip() or None
        frames.append({"file": error.filename, "line": line, "function": "<module>", "source": source})
    return {
        "type": type(error).__name__,
        "message": text_of(error),
        "stackTrace": "".join(trace.format()),
        "frames": frames,
        "causes": _causes(error),
    }


def text_of(error):
    """str(error), also where the exception's own __str__ raises."""
    try:
        return str(error)
    except Exception as broken:  # the script's code: anything may come
        return "<no text: __str__ raised " + type(broken).__name__ + ">"


def _causes(error):
    causes, seen = [], {id(error)}
    while len(causes) < 20:
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
        if error is None or id(error) in seen:
            break
        seen.add(id(error))
        causes.append({"type": type(error).__name__, "message": text_of(error)})
    return causes
