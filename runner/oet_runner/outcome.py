"""What became of the script's functions. In the script's process, where the script may have broken whatever it likes."""

import gc
import io
import types


def late(name):
    """The names of a module of ours, as a dict. By no import: the script may have left none that works, nor a descriptor to open files with."""
    names = {"__name__": __package__ + "." + name, "__package__": __package__}
    exec(compile(__spec__.loader.get_source(names["__name__"]), "<oet-runner>/" + name + ".py", "exec", dont_inherit=True), names)
    return names


def free(error):
    """Lets go of what the functions that have ended hold: after a MemoryError there may be no other way to say anything."""
    tb = BaseException.__traceback__.__get__(error)
    while tb is not None:
        try:
            tb.tb_frame.clear()
        except RuntimeError:
            pass  # still runs
        tb = tb.tb_next


def flush_files():
    """Of files that are still open, too: when the interpreter ends, they are closed."""
    kinds = {io.TextIOWrapper, io.BufferedWriter, io.BufferedRandom}
    for file in [found for found in gc.get_objects() if type(found) in kinds]:
        try:
            if not file.closed:
                file.flush()
        except Exception:
            pass  # detached, or nobody reads it any more


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
