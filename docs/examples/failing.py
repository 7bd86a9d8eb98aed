"""Fails where you say, to see how failures are shown: state FAILED, with the stack trace and its cause.

oet run docs/examples/failing.py
oet procedure create docs/examples/failing.py --fail=True
"""


class NotPointing(RuntimeError):
    """An error of one's own; its name is what describe shows first."""


def init(subarray_id=1, fail=False):
    """Fail in preparation already, if asked to."""
    if fail:
        raise NotPointing(f"subarray {subarray_id} cannot be prepared")


def main(dish="SKA001"):
    """Fail with a cause."""
    print(f"moving {dish}")
    try:
        {}[dish]
    except KeyError as missing:
        raise NotPointing(f"{dish} does not move") from missing
