"""Times as people read them."""

from __future__ import annotations

from sfumato.text import counted


def clock(seconds: float) -> str:
    """'0:07', '12:30', '1:02:05'."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"


def about(seconds: float) -> str:
    """A time that is guessed, no finer than it is known: 'about 40 seconds', 'about 3 minutes', 'about 2.5 hours'."""
    if seconds < 90:
        return f"about {counted(max(5, 5 * round(seconds / 5)), 'second')}"
    if seconds < 90 * 60:
        return f"about {counted(round(seconds / 60), 'minute')}"
    return f"about {counted(round(seconds / 1800) / 2, 'hour')}"
