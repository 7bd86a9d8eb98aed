"""What the script imports and we have a part in: PyPubSub, whose messages become events. Costs nothing until it is imported."""

import sys


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
    """A finder for sys.meta_path. `hooks` {name: function} get the module of that name once it has been executed."""

    def __init__(self, hooks):
        self._hooks = hooks

    def install(self):
        """First in line; what is imported already is hooked at once."""
        sys.meta_path.insert(0, self)
        for name in self._hooks.keys() & sys.modules.keys():
            self._hooks[name](sys.modules[name])

    def find_spec(self, name, path=None, target=None):
        """The spec that the others find, with our loader around theirs."""
        if name not in self._hooks:
            return None
        for finder in [f for f in sys.meta_path if f is not self]:
            spec = finder.find_spec(name, path, target)
            if spec is not None:
                if spec.loader is not None:
                    spec.loader = _Loader(spec.loader, self._hooks[name])
                return spec
        return None


class PubSub:
    """The hook of pubsub.pub. `publish(topic, fields)` takes the events."""

    def __init__(self, publish):
        self._publish = publish
        self._listener = None

    def __call__(self, pub):
        publish = self._publish

        def listener(oet_topic_=pub.AUTO_TOPIC, **fields):  # a name that no message has
            publish(oet_topic_.getName(), fields)

        self._listener = listener  # PyPubSub keeps listeners weakly
        pub.subscribe(listener, pub.ALL_TOPICS)
