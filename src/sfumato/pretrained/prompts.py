"""Prompts as conditions: what the network of a pre-trained model is called with for a text, and for none."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Self

import torch
from torch import Tensor

from sfumato.diffusion.codec import Codec
from sfumato.diffusion.condition import Condition, joined
from sfumato.pretrained.denoiser import split
from sfumato.pretrained.families import Family
from sfumato.pretrained.recording import record

REMEMBERED = 8  # prompts
Leaf = Tensor | tuple[Tensor, ...]
"""An input of N pictures: [N, ...], or N tensors where their lengths differ."""


@dataclass(frozen=True, eq=False)
class PromptCondition(Condition):
    """given: what the network is called with for N pictures, by name (`layouts.Inputs`); nothing: the same for what
    guidance leads away from, an empty prompt or a negative one. None of it depends on the size of the pictures.
    """

    given: Mapping[str, Leaf]
    nothing: Mapping[str, Leaf]

    @property
    def inputs(self) -> Mapping[str, Leaf]:
        return self.given

    def __len__(self) -> int:
        return len(next(iter(self.given.values())))

    def __getitem__(self, index: Tensor | slice) -> Self:
        if isinstance(index, slice):
            return self._changed(lambda leaf: leaf[index])
        numbers = torch.arange(len(self))[index.cpu()].tolist()
        return self._changed(
            lambda leaf: leaf[numbers] if isinstance(leaf, Tensor) else tuple(leaf[number] for number in numbers)
        )

    def repeat(self, count: int) -> Self:
        return self._changed(
            lambda leaf: leaf.repeat(count, *[1] * (leaf.ndim - 1)) if isinstance(leaf, Tensor) else leaf * count
        )

    def drop(self, dropped: Tensor | None = None) -> Self:
        """The same with 'nothing' for some pictures, [N] booleans, or for all."""
        if dropped is None:
            return replace(self, given=self.nothing)
        return replace(
            self, given={name: _either(leaf, self.nothing[name], dropped) for name, leaf in self.given.items()}
        )

    def map(self, change: Callable[[Tensor], Tensor]) -> Self:
        return self._changed(lambda leaf: change(leaf) if isinstance(leaf, Tensor) else tuple(map(change, leaf)))

    def followed_by(self, others: Sequence[Self]) -> Self:
        every = (self, *others)
        return replace(
            self,
            given={name: _after_another([one.given[name] for one in every]) for name in self.given},
            nothing={name: _after_another([one.nothing[name] for one in every]) for name in self.given},
        )

    def _changed(self, change: Callable[[Any], Leaf]) -> Self:
        return replace(
            self,
            given={name: change(leaf) for name, leaf in self.given.items()},
            nothing={name: change(leaf) for name, leaf in self.nothing.items()},
        )


def _either(leaf: Leaf, nothing: Leaf, dropped: Tensor) -> Leaf:
    if isinstance(leaf, Tensor):
        assert isinstance(nothing, Tensor)
        return torch.where(dropped.to(leaf.device).view(-1, *[1] * (leaf.ndim - 1)), nothing, leaf)
    return tuple(other if drop else own for own, other, drop in zip(leaf, nothing, dropped.tolist(), strict=True))


def _zeros(leaf: Leaf) -> Leaf:
    return torch.zeros_like(leaf) if isinstance(leaf, Tensor) else tuple(map(torch.zeros_like, leaf))


def _after_another(leaves: Sequence[Leaf]) -> Leaf:
    if isinstance(leaves[0], Tensor):
        return torch.cat([leaf for leaf in leaves if isinstance(leaf, Tensor)])
    return tuple(tensor for leaf in leaves for tensor in leaf)


class PromptEncoder:
    """The text encoders of a pipeline, asked as the pipeline asks them."""

    def __init__(self, pipeline: Any, family: Family, codec: Codec, size: int) -> None:
        self._pipeline = pipeline
        self._family = family
        self._codec = codec
        self._size = size
        # A series mostly asks for the same, and large encoders take seconds or wait elsewhere.
        self._encoded = functools.lru_cache(REMEMBERED)(self._encode)

    def condition(
        self,
        prompt: str,
        height: int | None = None,
        width: int | None = None,
        negative: str | None = None,
        distilled_guidance: float | None = None,
    ) -> PromptCondition:
        """Of one picture.

        height, width: in pixels, by default the model's own size; they are only checked, as no condition depends on
        them. negative: what guidance leads away from; None for what the family takes for no prompt. distilled_guidance:
        of families whose network is told a guidance (FLUX.1), None for the pipeline's own.

        Raises SfumatoError for a size that is not whole cells of the codec.
        """
        return self.conditions([prompt], height, width, negative, distilled_guidance)

    def conditions(
        self,
        prompts: Sequence[str],
        height: int | None = None,
        width: int | None = None,
        negative: str | None = None,
        distilled_guidance: float | None = None,
    ) -> PromptCondition:
        """The same of one picture for each prompt, in their order; what is led away from is encoded once."""
        self._codec.shape(height or self._size, width or self._size)
        told = distilled_guidance if self._family.guidance.distilled is not None else None
        nothing = self._encoded(negative or "", told)
        if negative is None and self._pipeline.config.get("force_zeros_for_empty_prompt", False):
            zeros = self._family.zeros
            nothing = {name: _zeros(leaf) if name in zeros else leaf for name, leaf in nothing.items()}
        return joined([PromptCondition(self._encoded(prompt, told), nothing) for prompt in prompts])

    def cut(self, prompt: str) -> str:
        """The end of the prompt that no text encoder sees, from the beginning of a word; '' where all is seen.

        Of several encoders it is the one with the most room that counts: Stable Diffusion 3 and FLUX.1 show CLIP only
        the first 77 tokens, and T5 all that this does not name.
        """
        tokenizer = getattr(self._pipeline, self._family.tokenizer) or self._pipeline.tokenizer
        text = prompt
        if self._family.chat is not None:
            asked = [{"role": "user", "content": prompt}]
            text = tokenizer.apply_chat_template(asked, tokenize=False, add_generation_prompt=True, **self._family.chat)
        most = self._most_tokens(tokenizer)
        whole = tokenizer(text, verbose=False, return_offsets_mapping=True)["offset_mapping"]
        if len(whole) <= most:
            return ""
        seen = tokenizer(text, truncation=True, max_length=most, return_offsets_mapping=True)["offset_mapping"]
        # A template may take spaces away from the prompt's ends.
        begins = text.find(prompt.strip()) - (len(prompt) - len(prompt.lstrip()))
        end = max(end for _, end in seen) - begins
        while 0 < end < len(prompt) and not prompt[end - 1].isspace():
            end -= 1
        return prompt[max(0, end) :].strip()

    def _most_tokens(self, tokenizer: Any) -> int:
        own = inspect.signature(type(self._pipeline).__call__).parameters.get("max_sequence_length")
        return int(tokenizer.model_max_length if own is None else min(own.default, tokenizer.model_max_length))

    def _encode(self, prompt: str, told: float | None) -> Mapping[str, Leaf]:
        """told: the guidance that a network is told, None for the pipeline's own."""
        asked: dict[str, Any] = {"height": self._size, "width": self._size}
        if told is not None and self._family.guidance.distilled is not None:
            asked[self._family.guidance.distilled] = told
        with torch.inference_mode(False):  # what is remembered may be learned with later, which tensors of it bar
            recording = record(self._pipeline, self._family, (500.0,), prompt=prompt, **asked)
        return split(recording, getattr(self._pipeline, self._family.network), self._family)[1]
