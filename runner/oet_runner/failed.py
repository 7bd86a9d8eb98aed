"""What a function of the script raised, told so that its author understands it whatever the script has done: when no memory or descriptors
are left, nothing can be imported, or the exception raises when it is asked. Loaded by outcome.late, so it imports nothing but at need."""

import sys


def exit_code(code):
    """What the interpreter makes of SystemExit.code; it prints what is no number."""
    if code is None:
        return 0
    if isinstance(code, int):
        return code & 0xFF
    try:
        print(code, file=sys.stderr)
    except BaseException:
        pass  # its __str__ raises, or stderr is closed
    return 1


def described(error):
    """Fields of the `error` entry but the phase."""
    try:
        from .failure import describe

        return describe(error)
    except BaseException as broken:  # whatever the script has done to the interpreter: its author gets to know what it raised
        return _barely(error, broken)


def report(error):
    """Prints what has no other way to its author."""
    try:
        sys.excepthook(type(error), error, error.__traceback__)
    except BaseException:
        pass  # the script's own hook, which raises


def _barely(error, broken):
    """As failure.describe, without the lines of source and the causes, and without loading anything; `broken` is what that raised."""
    kind, text = _name(error), _text(error)
    frames, tb = [], BaseException.__traceback__.__get__(error)
    while tb is not None:
        code = tb.tb_frame.f_code
        if not code.co_filename.startswith("<oet-runner>"):
            frames.append({"file": code.co_filename, "line": min(max(tb.tb_lineno or 0, 0), 2**31 - 1), "function": code.co_name, "source": None})
        tb = tb.tb_next
    lines = ['  File "%s", line %d, in %s\n' % (f["file"], f["line"], f["function"]) for f in frames[-100:]]
    head = "Traceback (most recent call last):\n" if lines else ""
    trace = "%s%s%s%s\n(no more can be told: %s)\n" % (head, "".join(lines), kind, ": " + text if text else "", _name(broken))
    return {"type": kind, "message": text, "stackTrace": trace, "frames": frames[-100:], "causes": []}


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
