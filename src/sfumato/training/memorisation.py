"""How often pictures can be shown before they are learned by heart, and what a plan says of it."""

from __future__ import annotations

from sfumato.text import counted

# With how many showings of each picture a model begins to learn them by heart. The number of steps that it takes grows
# with the number of pictures (Bonnaire et al. 2025, arXiv:2505.17638), so this is about the same for few and for many.
# Measured for 11 photographs, whose works are near copies to 3 to 9 % after 450 showings and not at all after 300, and
# for 45 tiles, where the guard ended the run after 355: see benchmarks/README.md.
BY_HEART_FROM = 350
# Where too few pictures are held out to notice it in time, the plan ends here. With 5 held out of 50 tiles the guard
# spoke after 440 showings once and after 583 another time, and then 4 % of the works were near copies.
SAFE_SHOWINGS, NOTICED_WITH = 300, 8
# Rarer measurements would let the guard come too late.
SHOWINGS_A_MEASUREMENT = 40


def most_steps(pictures: int, batch: int) -> int:
    """How many steps show each of so few pictures as often as is safe."""
    return max(1, SAFE_SHOWINGS * pictures // batch)


def can_notice(held_out: int) -> bool:
    """Whether so many held-out pictures tell in time that the others are being learned by heart."""
    return held_out >= NOTICED_WITH


def warning(pictures: int, showings: float, held_out: int, *, exact: bool) -> str:
    """What a plan says of so many showings of each picture; '' where they are fewer than pictures are learned by.

    exact: whether nothing ends the run before, since its steps were asked for or the guard was turned off.
    """
    if showings <= BY_HEART_FROM:
        return ""
    said = f"from about {BY_HEART_FROM} times on {_so_many(pictures)} learned by heart and works become copies"
    if exact:
        return f"{said}; it goes on to the end all the same, as was asked"
    if can_notice(held_out):
        return f"{said}; when that begins to show, the run ends by itself"
    return f"{said}, and too few pictures are held out to notice it in time"


def _so_many(pictures: int) -> str:
    return "the picture is" if pictures == 1 else f"{counted(pictures, 'picture')} are"
