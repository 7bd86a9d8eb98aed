"""An exception as data: what `error` entries carry. All of it comes from the script and may be of any size."""

import linecache
import traceback

from .shorten import clip
from .told import MAX_LINE

_OURS = (lambda: None).__code__.co_filename.rpartition("/")[0] + "/"
_DEPTH = 1000  # frames: as many as Python allows by itself; a script that allows ten million shall not have them all printed
_FRAMES = 200
_TEXT, _TRACE, _NAME, _SOURCE = 65536, 524288, 1024, 512  # bytes


def describe(error):
    """The fields of an `error` entry but the phase. Our own frames at the beginning are left out."""
    tb = error.__traceback__
    while tb is not None and tb.tb_frame.f_code.co_filename.startswith(_OURS):
        tb = tb.tb_next
    trace = traceback.TracebackException(type(error), error, tb, limit=-_DEPTH)
    stack = traceback.extract_tb(tb, limit=-_FRAMES)
    frames = [_frame(f.filename, f.lineno, f.name, f.line) for f in stack]
    if isinstance(error, SyntaxError) and isinstance(error.filename, str):
        line = error.lineno if isinstance(error.lineno, int) else 0
        source = error.text if isinstance(error.text, str) else linecache.getline(error.filename, line)
        frames.append(_frame(error.filename, line, "<module>", source.strip()))
    text, whole = text_of(error), "".join(trace.format())
    message, told = clip(text, _TEXT), clip(whole, _TRACE)
    return {
        "type": clip(type(error).__name__, _NAME),
        "message": message,
        "stackTrace": told,
        "frames": frames,
        "causes": _causes(error),
        **({"truncated": True} if (message, told) != (text, whole) else {}),
    }


def _frame(file, line, function, source):
    source = clip(source, _SOURCE) if source else None
    return {"file": clip(file, _NAME), "line": min(max(line or 0, 0), MAX_LINE), "function": clip(function, _NAME), "source": source}


def text_of(error):
    """str(error), also where the exception's own __str__ raises."""
    try:
        return str.__str__(str(error))  # no class of the script's
    except BaseException as broken:  # the script's code: anything may come
        return "<no text: __str__ raised " + type(broken).__name__ + ">"


def _causes(error):
    causes, seen = [], {id(error)}
    while len(causes) < 20:
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
        if error is None or id(error) in seen:
            break
        seen.add(id(error))
        causes.append({"type": clip(type(error).__name__, _NAME), "message": clip(text_of(error), _SOURCE)})
    return causes
