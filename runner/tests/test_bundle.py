"""The committed bundle is what bundle.py makes, and both texts keep their sizes."""

from driver import BOOTSTRAP, ROOT

import bundle


def test_the_bundle_is_fresh():
    assert bundle.main(["--check"]) == 0, "run python3 runner/bundle.py"


def test_the_bundle_has_every_module():
    names = {}
    text = bundle.bundle()
    exec(text[: text.index("\n\n\nclass Bundle")], names)
    for path in (ROOT / "oet_runner").glob("*.py"):
        name = "oet_runner" if path.stem == "__init__" else "oet_runner." + path.stem
        assert names["SOURCES"][name] == path.read_text(encoding="utf-8")


def test_the_bootstrap_is_small():
    assert len(BOOTSTRAP.encode()) <= 6656
