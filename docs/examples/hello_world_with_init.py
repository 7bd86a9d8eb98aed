"""Prepare first, run later: init takes what is known in advance and leaves the rest to main.

oet procedure create docs/examples/hello_world_with_init.py --subarray_id=1
oet procedure start --greeting=hello
"""

import functools
import logging

LOG = logging.getLogger(__name__)


def init(subarray_id):
    """Bind the subarray. main is looked up after init, so it may be made here."""
    global main
    main = functools.partial(_main, subarray_id)
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(message)s")
    LOG.info("prepared for subarray %s", subarray_id)


def _main(subarray_id, greeting="hello"):
    print(f"{greeting} from subarray {subarray_id}")
