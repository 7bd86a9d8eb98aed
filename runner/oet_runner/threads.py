"""The runner's own threads. Without one of them nothing would ever come to an end, so a fault in one is the runner's end."""

import os
import sys
import threading


def start(name, run):
    """Runs `run` in a daemon thread, which is returned; whatever it raises is printed and ends the process with code 70."""

    def whole():
        try:
            run()
        except BaseException as error:
            try:
                sys.excepthook(type(error), error, error.__traceback__)
            finally:
                os._exit(70)

    thread = threading.Thread(target=whole, name=name, daemon=True)
    thread.start()
    return thread
