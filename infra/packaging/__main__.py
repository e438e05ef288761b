"""Package the application into the directory named on the command line (default: build)."""

import sys
from pathlib import Path

from infra.packaging import PackagingError, package

try:
    package(Path(sys.argv[1] if len(sys.argv) > 1 else "build"))
except PackagingError as error:
    sys.exit(f"Packaging failed: {error}")
