"""Runs until it is stopped, and tidies up then.

oet procedure create docs/examples/endless.py
oet procedure start --interval=0.5
oet procedure stop
"""

import itertools
import time


def main(interval=1.0):
    """Count, one line per interval (in seconds).

    A stop raises TerminateInterrupt here. It is no Exception, so a broad "except Exception" does not swallow it.
    """
    try:
        for number in itertools.count(1):
            print(f"still here: {number}")
            time.sleep(interval)
    finally:
        print("stopped, everything is tidy")
