"""`python -m glevel_fast` is `glevel`."""

import sys

from glevel_fast.cli.main import main

sys.exit(main())
