"""Entries that are longer than the journal takes, made to fit: their longest parts lose their middle or their beginning."""

from .plainjson import encoded

_LEFT_OUT = " … "


def shortened(fields, room):
    """The fields with `truncated`, at most `room` bytes as JSON. Lists keep their last items, objects all fields that they can."""
    target = room
    while True:  # more than once only where a lone surrogate has all the rest escaped, too
        kept = {**_fit(fields, target - 32, _cut), "truncated": True}
        if len(encoded(kept)) <= room:
            return kept
        target = target * 3 // 4


def _fit(fields, room, cut):
    """The fields, the largest ones cut: each has what the smaller ones leave, in equal shares."""
    sizes = {key: len(encoded(value)) + len(encoded(key)) + 2 for key, value in fields.items()}
    kept, left = dict(fields), len(sizes)
    for key in sorted(sizes, key=sizes.__getitem__):
        share = max(room - 2, 0) // left
        left -= 1
        size = sizes[key]
        if size > share:
            head = len(encoded(key)) + 2
            if head + 2 > share:
                del kept[key]
                continue
            kept[key] = cut(fields[key], share - head)
            size = head + len(encoded(kept[key]))
        room -= size
    return kept


def _cut(value, room):
    if isinstance(value, dict):
        return _fit(value, room, _as_text)
    if isinstance(value, list):
        return _last(value, room)
    return _as_text(value, room)


def _as_text(value, room):
    return clip(value if isinstance(value, str) else encoded(value).decode(), room)


def _last(items, room):
    """As many items from the end as fit."""
    kept, room = [], room - 2
    for item in reversed(items):
        room -= len(encoded(item)) + 1
        if room < 0:
            break
        kept.append(item)
    return kept[::-1]


def clip(text, room):
    """The text, or its beginning and its end, in at most `room` bytes as JSON."""
    if len(text) <= room and len(encoded(text)) <= room:
        return text
    size = room
    while size > 8:
        tail = size // 3
        piece = text[: size - tail] + _LEFT_OUT + text[len(text) - tail :] if len(text) > size else text
        if len(encoded(piece)) <= room:
            return piece
        size = size * 3 // 4
    return ""
