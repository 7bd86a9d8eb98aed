"""Tells how far it is. In a script pod the module oet is there; elsewhere a line says the same.

oet procedure create docs/examples/progress.py
oet procedure start --scans=10
"""

import time

try:
    from oet import progress
except ImportError:

    def progress(fraction, message):
        """Stand in for the script pod's own."""
        print(f"{fraction:.0%} {message}")


def main(scans=5, seconds=0.2):
    """Take a number of scans, each of which lasts some seconds."""
    for scan in range(1, scans + 1):
        time.sleep(seconds)
        progress(scan / scans, f"scan {scan} of {scans}")
    return scans
