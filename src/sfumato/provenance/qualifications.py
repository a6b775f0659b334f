"""Whether words around the name of a licence take something of it away: 'not CC0', 'CC0 for metadata only', 'CC0?'.

Who reads the name alone takes a picture for free that nobody gave away. These words are a choice, wide on purpose:
where one is there, the whole text stays what somebody wrote, which a person can read and judge.
"""

from __future__ import annotations

import re
from typing import Final

# What is said beside a licence as often, and takes nothing away.
_HARMLESS: Final = re.compile(
    r"\b(?:no|without)\s+(?:known\s+)?(?:rights reserved|restrictions?|copyright|attribution|credit|permission)\b"
    r"(?:\s+restrictions?\b)?(?:\s+(?:is\s+)?(?:required|needed|necessary)\b)?"
    r"|\b(?:attribution|credit|permission)\s+(?:is\s+)?not\s+(?:required|needed|necessary)\b"
    r"|\bnot (?:protected by|subject to|in) copyright\b|\blicen[cs]e text\b|\bsome rights reserved\b"
    r"|https?://\S+",
    re.IGNORECASE,
)
_QUALIFYING: Final = re.compile(
    r"[?？≠]|^was\b|n['’]t\b|\b(?:not|no|non|nor|never|without|except\w*|exclu\w+|unless|until|only|but|however|or|pending"
    r"|formerly|previously|revoked|withdrawn|expired|requested|proposed|disputed|doubt\w*|unclear|uncertain|unsure"
    r"|maybe|perhaps|probably|possibly|presumably|prohibited|forbidden|restricted|personal|educational|editorial"
    r"|metadata|meta|data|texts?|captions?|noncommercial|noderiv\w*|nc|nd|sa|in copyright|all rights reserved"
    r"|nicht|kein\w*|außer|ausgenommen|ohne|nur|vorbehalten|pas|sauf|sans|uniquement|seulement|réservés"
    r"|excepto|salvo|sin|s[oó]lo|reservados|tranne|eccetto|senza|soltanto|riservati)\b",
    re.IGNORECASE,
)


def is_qualified(rest: str) -> bool:
    """Whether what is left of a text without the licence's name takes something of that licence away, or doubts it."""
    return _QUALIFYING.search(_HARMLESS.sub(" ", rest)) is not None
