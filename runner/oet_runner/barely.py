"""An exception as data where `failure` cannot do it: no memory or descriptors are left, nothing can be imported, or the exception
itself raises when it is asked. In the script's process; uses nothing that has to be loaded."""

from .told import MAX_LINE


def describe(error, broken):
    """As failure.describe, without the lines of source and the causes; `broken` is what that raised."""
    kind, text = _name(error), _text(error)
    frames, tb = [], BaseException.__traceback__.__get__(error)
    while tb is not None:
        code = tb.tb_frame.f_code
        if not code.co_filename.startswith("<oet-runner>"):
            frames.append({"file": code.co_filename, "line": min(max(tb.tb_lineno or 0, 0), MAX_LINE), "function": code.co_name, "source": None})
        tb = tb.tb_next
    lines = ['  File "%s", line %d, in %s\n' % (f["file"], f["line"], f["function"]) for f in frames[-100:]]
    head = "Traceback (most recent call last):\n" if lines else ""
    trace = "%s%s%s%s\n(no more can be told: %s)\n" % (head, "".join(lines), kind, ": " + text if text else "", _name(broken))
    return {"type": kind, "message": text, "stackTrace": trace, "frames": frames[-100:], "causes": []}


def free(error):
    """Lets go of what the functions that have ended hold: after a MemoryError there may be no other way to say anything."""
    tb = BaseException.__traceback__.__get__(error)
    while tb is not None:
        try:
            tb.tb_frame.clear()
        except RuntimeError:
            pass  # still runs
        tb = tb.tb_next


def _name(error):
    return type.__dict__["__name__"].__get__(type(error))


def _text(error):
    try:
        text = str.__str__(str(error))
    except BaseException:  # the script's code: anything may come
        try:
            text = str.__str__(BaseException.__str__(error))
        except BaseException:
            text = ""
    return text if len(text) <= 2000 else text[:1000] + " … " + text[-1000:]
