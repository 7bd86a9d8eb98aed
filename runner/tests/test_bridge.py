"""PyPubSub messages become events; scripts without it do not notice."""

import pathlib

import pubsub
import pytest

SCRIPT = """
import sys, threading
%s
def listener(msg_src, msg): print('heard', msg)
def main():
    pub.subscribe(listener, 'user.script.announce')
    pub.sendMessage('user.script.announce', msg_src=threading.current_thread().name, msg='hi')
    thread = threading.Thread(target=lambda: pub.sendMessage('scan.lifecycle.start', msg_src='other', sb_id=object))
    thread.start()
    thread.join()
    pub.sendMessage('plain')
    pub.sendMessage('named', topic='x', fields=1, name=2)
"""


@pytest.mark.parametrize("how", ["from pubsub import pub", "import pubsub.pub as pub", "import pubsub.pub\npub = sys.modules['pubsub.pub']"])
def test_messages_become_events(pod, tmp_path, how):
    (tmp_path / "pubsub").symlink_to(pathlib.Path(pubsub.__file__).parent)
    p = pod(env={"PYTHONPATH": str(tmp_path)}).run(SCRIPT % how)
    assert p.end()["state"] == "COMPLETE", p.entries.of("error")
    assert p.entries.output() == b"heard hi\n"
    assert [(e["topic"], e["fields"]) for e in p.entries.of("event")] == [
        ("user.script.announce", {"msg_src": "7", "msg": "hi"}),
        ("scan.lifecycle.start", {"msg_src": "other", "sb_id": "<class 'object'>"}),
        ("plain", {"msg_src": "7"}),
        ("named", {"msg_src": "7", "topic": "x", "fields": 1, "name": 2}),
    ]


def test_a_stop_within_a_listener_gets_through(pod, tmp_path):
    (tmp_path / "pubsub").symlink_to(pathlib.Path(pubsub.__file__).parent)
    p = pod(env={"PYTHONPATH": str(tmp_path)}).run(
        "from pubsub import pub\nimport time\ndef slow():\n    print('on')\n    time.sleep(60)\ndef main():\n    pub.subscribe(slow, 'a')\n    pub.sendMessage('a')\n"
    )
    p.wait(lambda e: e.output())
    p.stop()
    assert p.end()["state"] == "STOPPED"


def test_a_script_that_makes_do_without(pod):
    p = pod().run("def main():\n    try:\n        import pubsub\n    except ImportError: print('none')\n")
    p.end()
    assert p.entries.output() in (b"none\n", b"")
