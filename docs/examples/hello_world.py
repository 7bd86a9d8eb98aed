"""The least there is: no init, so the procedure is READY as soon as this file is loaded.

    oet run docs/examples/hello_world.py

Or in two steps, with an argument for main:

    oet procedure create docs/examples/hello_world.py
    oet procedure start --name=Ada
"""


def main(name="world"):
    """Greet somebody. What is returned is kept as the procedure's result."""
    print(f"hello {name}")
    return {"greeted": name}
