"""Run by the REST API for the subarray of a script that was stopped with abort (`oet procedure stop`, unless --run_abort=False).

The API looks for it as abort.py in SCRIPTS_LOCATION, prepares it with the stopped script's subarray_id, and starts it as soon as
it is READY. A real one tells the telescope's control system to abort; this one only says so.
"""

import functools


def _main(subarray_id):
    print(f"aborting subarray {subarray_id}")


def init(subarray_id):
    global main
    main = functools.partial(_main, subarray_id)
