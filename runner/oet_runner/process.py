"""The script's process seen from outside: forking it, and ending it with everything that descends from it."""

import _signal
import os
import time

_ROUNDS = 20  # that clear makes even where the machine held us up for all of its patience


def set_subreaper(prctl):
    """Orphans of the script become our children, also where we are not PID 1."""
    prctl(36, 1)  # PR_SET_CHILD_SUBREAPER


def table():
    """{pid: (parent, session)} of all processes that /proc shows."""
    found = {}
    for name in os.listdir("/proc"):
        if not name.isdigit():
            continue
        try:
            with open("/proc/" + name + "/stat", "rb") as file:
                fields = file.read().rpartition(b")")[2].split()
        except OSError:
            continue  # gone in the meantime
        if fields[0] not in (b"Z", b"X"):
            found[int(name)] = int(fields[1]), int(fields[3])
    return found


def descendants(root, session):
    """Pids that descend from root, or are in the session; never root itself."""
    processes = table()
    found = {pid for pid, (_, sid) in processes.items() if sid == session}
    parents, more = {root}, True
    while more:
        more = {pid for pid, (parent, _) in processes.items() if parent in parents} - parents
        parents |= more
    return (found | parents) - {root}


def kill_all(session):
    """SIGKILL to the script's process group and to all that descends from us. What forks meanwhile is met by the next call."""
    try:
        os.killpg(session, _signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        pass  # the group is empty
    for pid in descendants(os.getpid(), session):
        try:
            os.kill(pid, _signal.SIGKILL)
        except (ProcessLookupError, PermissionError):
            pass  # gone in the meantime, or has become another user's


def clear(session, patience=1.0):
    """After the script's process has ended: kills and reaps until nothing is left, for `patience` seconds at most, and not only once."""
    until, rounds = time.monotonic() + patience, 0
    while rounds < _ROUNDS or time.monotonic() < until:
        rounds += 1
        try:
            pid, _ = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            if not any(sid == session for _, sid in table().values()):
                return
            pid = 0
        if not pid:
            kill_all(session)
            time.sleep(0.001)


def reap(script):
    """The wait status of the script's process if it has ended, else None; buries orphans as well."""
    status = None
    while True:
        try:
            pid, result = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return status
        if not pid:
            return status
        if pid == script:
            status = result
