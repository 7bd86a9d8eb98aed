"""Publishes messages, which appear on the event stream: `oet procedure start`, `oet listen`, or GET /stream.

oet procedure create docs/examples/messages.py
oet procedure start --count=3
"""

import threading
import time

try:
    from pubsub import pub  # PyPubSub, as upstream's scripts have it

    publish = pub.sendMessage
except ImportError:
    try:
        from oet import publish  # of every script pod
    except ImportError:

        def publish(topic, **fields):
            """Stand in for both: without OET it is a line of the output."""
            print(topic, fields)


def announce(msg):
    """Tell those who listen. The main thread is named after the procedure's id."""
    publish("user.script.announce", msg_src=threading.current_thread().name, msg=msg)


def main(count=3, interval=0.2):
    """Announce a few steps."""
    announce("starting")
    for step in range(1, count + 1):
        time.sleep(interval)
        announce(f"step {step} of {count}")
    announce("done")
