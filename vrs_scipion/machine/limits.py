"""What a process may take: memory and, for the programs that it runs, time.

Two environment variables say so, because protocols inherit them wherever Scipion starts them:
``VRS_MEMORY``, GB per process, and ``VRS_TIMEOUT``, seconds per program.
"""

from __future__ import annotations

import math
import os
import resource
from pathlib import Path

import psutil

MEMORY_VARIABLE = "VRS_MEMORY"
TIMEOUT_VARIABLE = "VRS_TIMEOUT"

_CONTROL_GROUP = Path("/sys/fs/cgroup")


def limit_children(memory_gb: float | None, timeout_s: float | None) -> None:
    """Set the limits of all processes that this one will start; None leaves one as it is."""
    for variable, value in ((MEMORY_VARIABLE, memory_gb), (TIMEOUT_VARIABLE, timeout_s)):
        if value is not None:
            os.environ[variable] = repr(value)


def program_timeout(usual_s: float) -> float:
    """Seconds that a program may take: what the user says, else what is usual for it."""
    return _given(TIMEOUT_VARIABLE) or usual_s


def memory_limit() -> int | None:
    """Bytes that this process may take, or None."""
    limit = _given(MEMORY_VARIABLE)
    return None if limit is None else int(limit * 1e9)


def enforce_memory_limit() -> None:
    """Let allocations beyond the limit fail from now on, in this process and those it starts."""
    limit = memory_limit()
    if limit is not None:
        _, hard = resource.getrlimit(resource.RLIMIT_DATA)
        allowed = limit if hard == resource.RLIM_INFINITY else min(limit, hard)
        resource.setrlimit(resource.RLIMIT_DATA, (allowed, hard))


def available_memory() -> int:
    """Bytes that can still be taken: of the machine, the job's control group, and the limit."""
    bounds = [int(psutil.virtual_memory().available)]
    limit = memory_limit()
    if limit is not None:
        bounds.append(limit - psutil.Process().memory_info().rss)
    group = _control_group_left()
    if group is not None:
        bounds.append(group)
    return max(0, min(bounds))


def _control_group_left() -> int | None:
    """What the control group (v2) of this process, e.g. a container or a job, leaves."""
    try:
        highest = (_CONTROL_GROUP / "memory.max").read_text().strip()
        used = int((_CONTROL_GROUP / "memory.current").read_text())
        cached = _reclaimable((_CONTROL_GROUP / "memory.stat").read_text())
        return None if highest == "max" else int(highest) - used + cached
    except (OSError, ValueError):
        return None


def _reclaimable(statistics: str) -> int:
    fields = dict(line.split() for line in statistics.splitlines() if line.count(" ") == 1)
    return int(fields.get("inactive_file", 0))


def _given(variable: str) -> float | None:
    """The variable's number; None where it is not set or makes no sense."""
    try:
        value = float(os.environ.get(variable, ""))
    except ValueError:
        return None
    return value if math.isfinite(value) and value > 0 else None
