"""PyPubSub, where the script imports it: every message that it sends becomes an event."""

import sys

_NAME = "pubsub.pub"


class _Loader:
    """Runs the real loader, then the hook."""

    def __init__(self, loader, hook):
        self._loader = loader
        self._hook = hook

    def __getattr__(self, name):
        return getattr(self._loader, name)

    def create_module(self, spec):
        return self._loader.create_module(spec)

    def exec_module(self, module):
        self._loader.exec_module(module)
        self._hook(module)


class Finder:
    """A finder for sys.meta_path that costs nothing until pubsub.pub is imported. `publish(topic, fields)` takes the events."""

    def __init__(self, publish):
        self._publish = publish
        self._listener = None

    def install(self):
        """First in line; where pubsub is imported already, at once."""
        if _NAME in sys.modules:
            self._listen(sys.modules[_NAME])
        else:
            sys.meta_path.insert(0, self)

    def find_spec(self, name, path=None, target=None):
        """The spec that the others find, with our loader around theirs."""
        if name != _NAME:
            return None
        for finder in [f for f in sys.meta_path if f is not self]:
            spec = finder.find_spec(name, path, target)
            if spec is not None:
                if spec.loader is not None:
                    spec.loader = _Loader(spec.loader, self._listen)
                return spec
        return None

    def _listen(self, pub):
        publish = self._publish

        def listener(oet_topic_=pub.AUTO_TOPIC, **fields):  # a name that no message has
            publish(oet_topic_.getName(), fields)

        self._listener = listener  # PyPubSub keeps listeners weakly
        pub.subscribe(listener, pub.ALL_TOPICS)
