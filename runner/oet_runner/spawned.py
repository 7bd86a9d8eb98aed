"""Processes that multiprocessing starts anew, by spawn or forkserver: they import the script as `user_module`, by whose name its
functions are pickled, and find it through the sys.path that they are given. In the script's process."""

import os
import sys

_SCRIPT = """\
path = %r
with open(path, "rb") as _file:
    _source = _file.read()
__file__ = path
exec(compile(_source, path, "exec", dont_inherit=True))
"""

_OET = '''\
"""Of a process that the script has started anew."""


class TerminateInterrupt(BaseException):
    """Never raised here: a stop is for the script's own process."""


def _refuse(*args, **fields):
    raise RuntimeError("oet.progress and oet.publish work in the script's own process and in those that it forks, not in spawned ones")


progress = publish = _refuse
'''


def provide(scratch):
    """Makes both modules importable for them; once is enough. `scratch` is a folder that can be written to, or None."""
    path = getattr(sys.modules.get("user_module"), "__file__", None)
    if scratch is None or path is None:
        return  # then they fail, and say so
    folder = os.path.join(scratch, "spawned")
    try:
        os.mkdir(folder)
        for name, text in (("user_module.py", _SCRIPT % path), ("oet.py", _OET)):
            with open(os.path.join(folder, name), "w", encoding="utf-8", errors="surrogateescape") as file:
                file.write(text)
    except OSError:
        return
    sys.path.append(folder)
