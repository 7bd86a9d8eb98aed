"""Publishes messages, which appear on the event stream: `oet listen`, or GET /stream.

    oet procedure create docs/examples/messages.py
    oet procedure start --count=3
"""

import threading
import time

try:
    from pubsub import pub
except ImportError:
    pub = None


def announce(msg):
    """Tell those who listen. Without PyPubSub in the image it is a line of the output."""
    source = threading.current_thread().name
    if pub is None:
        print(f"{source}: {msg}")
    else:
        pub.sendMessage("user.script.announce", msg_src=source, msg=msg)


def main(count=3, interval=0.2):
    """Announce a few steps. The main thread is named after the procedure's id."""
    announce("starting")
    for step in range(1, count + 1):
        time.sleep(interval)
        announce(f"step {step} of {count}")
    announce("done")
