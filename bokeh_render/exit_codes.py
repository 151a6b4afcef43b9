"""What a process exits with that a signal has ended: 128 and the signal's number, as shells count."""

from __future__ import annotations

import signal

INTERRUPTED = 128 + signal.SIGINT
TERMINATED = 128 + signal.SIGTERM
