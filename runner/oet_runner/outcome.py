"""What became of the script's functions, told so that its author understands it whatever the script has done. In the script's process;
what is imported here at the top may be needed when nothing can be imported any more."""

import gc
import io
import sys
import types

from . import barely


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
    if issubclass(type(error), MemoryError):
        barely.free(error)
    try:
        from .failure import describe

        return describe(error)
    except BaseException as broken:  # whatever the script has done to the interpreter: its author gets to know what it raised
        return barely.describe(error, broken)


def flush_files():
    """Of files that are still open, too: when the interpreter ends, they are closed."""
    kinds = {io.TextIOWrapper, io.BufferedWriter, io.BufferedRandom}
    for file in [found for found in gc.get_objects() if type(found) in kinds]:
        try:
            if not file.closed:
                file.flush()
        except Exception:
            pass  # detached, or nobody reads it any more


def report(error):
    """Prints what has no other way to its author."""
    try:
        sys.excepthook(type(error), error, error.__traceback__)
    except BaseException:
        pass  # the script's own hook, which raises


def finished(phase, value):
    """The value that a function returned; TypeError where nothing of it has run, which must not look like success."""
    kinds = {types.CoroutineType: "a coroutine, which nobody awaits: call asyncio.run in it"}
    kinds[types.GeneratorType] = kinds[types.AsyncGeneratorType] = "a generator, which nobody iterates: it must not yield"
    what = kinds.get(type(value))
    if what is None:
        return value
    if type(value) is types.CoroutineType:
        value.close()  # else Python warns of it, too
    raise TypeError("%s() returned %s" % (phase, what))
