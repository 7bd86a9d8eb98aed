"""Greets without a Scheduling Block: `init` takes the subarray, `main` says hello to it."""

import functools
import threading


def _main(subarray_id):
    print(f"hello subarray {subarray_id}, from procedure {threading.current_thread().name}")


def init(subarray_id):
    global main
    main = functools.partial(_main, subarray_id)
