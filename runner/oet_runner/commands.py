"""What the messages of docs/protocol.md section 2 do, and their answers. All are idempotent."""

from . import messages


class Commands:
    """Of one runner and the life of its script."""

    def __init__(self, runner, life):
        self._runner = runner
        self._life = life
        self._replayed = {}

    def stale(self, session, seq, reader):
        """A frame of a session that another has followed."""
        self._answer(session, seq, "", reader, code="stale-session", highest=reader.session)

    def handle(self, session, seq, data, reader):
        """One complete message."""
        try:
            message = messages.parse(data)
        except messages.BadMessage as error:
            self._answer(session, seq, error.m, reader, code="bad-message", message=str(error))
            return
        m = message["m"]
        if m == "ack":
            self._life.acknowledged(message["n"])
        elif m in ("ping", "boot"):
            self._answer(session, seq, m, reader)
        elif m == "replay":
            self._replay(session, seq, message["from"], reader)
        elif message["nonce"] != self._runner.nonce:
            self._answer(session, seq, m, reader, code="wrong-nonce")
        else:
            code = getattr(self._life, m)(message)
            self._answer(session, seq, m, reader, code=code)
            self._life.answered()

    def _replay(self, session, seq, start, reader):
        known = self._replayed.get((session, seq))
        first = known if known is not None else self._runner.spool.rewind(start)
        self._replayed[session, seq] = first
        if len(self._replayed) > 64:
            del self._replayed[next(iter(self._replayed))]
        self._answer(session, seq, "replay", reader, **{"from": first})

    def _answer(self, session, seq, m, reader, code=None, **more):
        fields = {"to": [session, seq], "m": m, "ok": code is None}
        if code is not None:
            fields["code"] = code
        fields.update(more)
        if reader.damaged:
            fields["damaged"] = reader.damaged
        self._runner.put("answer", fields, early=m == "start")
