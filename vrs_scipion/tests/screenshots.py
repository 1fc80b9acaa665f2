"""Pictures of windows under test, for a person who asks for them."""

from __future__ import annotations

import os
import shutil
from pathlib import Path


def wanted_screenshot(name: str) -> list[str]:
    """Where ImageMagick puts a picture: in ``VRS_SCREENSHOTS``; nothing if either is missing."""
    folder = os.environ.get("VRS_SCREENSHOTS")
    return [str(Path(folder) / name)] if folder and shutil.which("import") else []
