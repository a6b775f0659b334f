"""What there is to say of a file's credentials, its mark and its recipe, in sentences.

Strangers may have written all of it: who shows these lines makes them harmless for the place where they stand.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, cast

from sfumato.likeness.recorded import said_of_comparison
from sfumato.provenance.bases import TRAINING_UNKNOWN, USES, Use
from sfumato.provenance.licences import short_name
from sfumato.provenance.terms import Terms
from sfumato.provenance.verification import Credentials
from sfumato.text import shortened
from sfumato.works.recipe import Recipe
from sfumato.works.recovery import Recovered

_MOST_LINES: Final = 20  # of one kind


def sentence(credentials: Credentials) -> str:
    """The verdict."""
    signer, why = credentials.signer, "; ".join(said for _, said in credentials.failures)
    name = repr(signer.name) if signer is not None else ""
    begins, ends = (
        "a day that it does not say" if day is None else f"{day:%Y-%m-%d}"
        for day in ((None, None) if signer is None else (signer.begins, signer.ends))
    )
    by = f"with your key ({name})" if credentials.is_own else f"by {name}"
    return {
        "trusted": f"signed {by}{'' if credentials.is_own else ', whom you trust'}, and unchanged since",
        "untrusted": f"unchanged since it was signed by {name}, who is unknown here: anybody can call themself so; "
        "if you know whose certificate it is, say --trust",
        "input failed": f"signed {by}, and unchanged since; but it was made from a picture whose own credentials fail",
        "expired": f"signed {by}, whose certificate ran out on {ends}",
        "not yet valid": f"signed {by}, whose certificate begins on {begins} only",
        "unusable certificate": f"signed {by}, whose certificate is not one to sign pictures with ({why})",
        "changed": f"changed since it was signed {by if credentials.is_own else f'in the name of {name}'}",
        "invalid": f"signed {by}, and its credentials are not by the rules ({why})",
        "several manifests": "has several credentials side by side, so that none of them counts",
        "unreadable": f"cannot be verified: its credentials are damaged, or all of it is ({why})",
        "elsewhere": f"has no credentials and names a place that has them, which is not asked: {credentials.address}",
        "none": "carries no credentials",
    }[credentials.status]


def details(credentials: Credentials) -> list[str]:
    """What a file says of itself, signed; [] for one without credentials that count."""
    if credentials.signer is None:
        return []
    edited = "c2pa.opened" in credentials.actions
    kind = f", as {credentials.source_type}" if credentials.source_type else ""
    lines = [f"{'edited' if edited else 'created'} with {credentials.program or 'a program of no name'}{kind}"]
    model = credentials.facts.get("model")
    if isinstance(model, Mapping):
        lines.append(f"model: weights {shortened(str(model.get('digest')))}")
    lines += _bounded([f"learned from: {each}" for each in _collections(credentials.facts.get("collections"))])
    if terms := _terms(credentials.facts.get("collections")):
        lines.append(terms)
    if compared := said_of_comparison(credentials.facts.get("comparison")):
        lines.append(f"likeness to the training pictures: {compared}")
    inputs = []
    for each in credentials.inputs:
        fate = f"its credentials fail ({', '.join(each.failures)})" if each.failures else "its credentials hold"
        fate = fate if each.has_credentials or each.failures else "it has no credentials"
        inputs.append(f"made from: {shortened(each.title)!r}; {fate}")
    return lines + _bounded(inputs)


def _collections(facts: object) -> Iterator[str]:
    for each in facts if isinstance(facts, list) else [{}] if facts else []:
        if isinstance(each, Mapping) and isinstance(each.get("base"), Mapping):
            yield _base(each["base"])
        elif isinstance(each, Mapping):
            licences = each.get("licences")
            counts: Mapping[Any, Any] = licences if isinstance(licences, Mapping) else {}
            said = ", ".join(f"{short_name(str(name))} ({count})" for name, count in counts.items()) or "unknown"
            digest = shortened(str(each.get("digest", "unknown")))
            yield f"collection {digest}; licences: {shortened(said, 1000)}"


def _base(facts: Mapping[str, Any]) -> str:
    """A pre-trained model of others."""
    name, licence = (shortened(str(facts.get(key, "unknown"))) for key in ("model", "title"))
    said = USES.get(cast(Use, str(facts.get("use"))), USES["unknown"])
    trained = facts.get("trained on", "unknown")
    on = f"trained on {shortened(str(trained))}" if trained != "unknown" else TRAINING_UNKNOWN
    return f"whatever the pre-trained model {name} learned from ({on}); its licence: {licence}. {said}"


def _terms(facts: object) -> str:
    """What the licences of all collections ask for; strangers may have written anything in the place of numbers."""
    total: Counter[str] = Counter()
    for each in facts if isinstance(facts, list) else []:
        licences = each.get("licences") if isinstance(each, Mapping) else None
        for name, count in licences.items() if isinstance(licences, Mapping) else ():
            if isinstance(count, int) and 0 < count < 10**12:
                total[str(name)] += count
    return Terms.of(total).line


def _bounded(lines: list[str]) -> list[str]:
    more = len(lines) - _MOST_LINES
    return [*lines[:_MOST_LINES], f"and {more:,} more"] if more > 0 else lines


def said_of_mark(found: str | None, credentials: Credentials) -> str:
    """Of the mark in a picture's pixels; '' where there is none, and none is missing. found: its identity."""
    if found is None:
        return f"no mark is found in its pixels, where {credentials.mark} was" if credentials.mark else ""
    if found == credentials.mark:
        return f"mark in its pixels: {found}, as was signed"
    if credentials.status in ("none", "elsewhere"):
        return (
            f"made with sfumato, id {found}, its credentials were removed: so says the mark in its pixels. Marks are "
            "public: anybody can put one into any picture, so that alone it proves nothing"
        )
    if credentials.inputs:
        return f"mark in its pixels: {found}, not its own: most likely that of what it was made from"
    return f"mark in its pixels: {found}, which is not what was signed ({credentials.mark or 'none'})"


def said_of_recovery(found: Sequence[Recovered]) -> list[str]:
    """Of works that were saved on this computer with the mark of a picture: of the first all that is known."""
    if not found:
        return ["no work with this mark was saved on this computer"]
    first, *others = found
    saved = first.saved
    when = f"{saved.when.astimezone():%Y-%m-%d at %H:%M}"
    recipe = "none was saved with it" if first.recipe is None else recipe_in_words(first.recipe)
    if first.credentials is None:
        return [
            f"saved on this computer on {when} with this mark: {saved.path}, where it no longer lies as it was saved",
            *([f"  model: weights {saved.model}"] if saved.model else []),
            f"  recipe: {recipe}",
            *_others(others),
        ]
    return [
        f"saved on this computer on {when} with this mark: {saved.path}, unchanged since; look whether it shows the "
        "same picture",
        f"  credentials of that file: {sentence(first.credentials)}",
        *(f"  {line}" for line in details(first.credentials)),
        f"  recipe: {recipe}",
        *_others(others),
    ]


def _others(found: Sequence[Recovered]) -> list[str]:
    return [f"saved with this mark as well: {', '.join(str(each.saved.path) for each in found)}"] if found else []


def recipe_in_words(recipe: Recipe) -> str:
    """'class waves, seed 7, number 0, by 'run' (weights 9f2c5a1e03)', of the work before it was enlarged."""
    made, by = recipe.first.request, recipe.model
    label = "" if made.label is None else f"class {made.label}, "
    if made.prompt is not None:
        label = f"prompt '{shortened(made.subject, 200)}', "
    elif made.withheld is not None and made.withheld.prompt is not None:
        label = f"a prompt that is not told (SHA-256 {made.withheld.prompt[:10]}), "
    return f"{label}seed {made.seed}, number {made.number}, by {by.name!r} (weights {by.digest[:10]})"
