"""python -m sfumato.studio.workers: a worker of the studio, which the server starts."""

import logging
import os
import sys

from sfumato.errors import SfumatoError
from sfumato.studio.workers.child import work

if __name__ == "__main__":
    logging.basicConfig(format="%(name)s: %(message)s", level=logging.WARNING)
    try:
        work(os.fdopen(os.dup(0), "rb", buffering=0))
    except SfumatoError as error:
        sys.exit(str(error))
