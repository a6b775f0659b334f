"""What pre-trained models need: a table of plans by arithmetic, and one U-Net of Stable Diffusion XL's size for real.

    python benchmarks/memory.py --table      # what 8, 12, 16 and 24 GB on a GPU can do; nothing is loaded
    python benchmarks/memory.py              # 4.8 GB of random weights on the CPU, one step at 512 x 512, in minutes
    python benchmarks/memory.py --memory 4   # the same in a stated memory: the plan refuses

The configurations of Stable Diffusion 1.5 and XL are those that travel with sfumato. The others are the numbers that
their publishers state in config.json on the Hub: black-forest-labs/FLUX.1-dev and FLUX.2-klein-4B,
Tongyi-MAI/Z-Image-Turbo, Qwen/Qwen-Image; text encoders google/t5-v1_1-xxl, Qwen/Qwen3-4B and
Qwen/Qwen2.5-VL-7B-Instruct. What is not written here is the default of the class in diffusers or transformers.
"""

from __future__ import annotations

import argparse
import resource
import sys
import time
from collections.abc import Iterator, Mapping
from typing import Any

import torch
from torch import nn

from sfumato.errors import SfumatoError
from sfumato.memory import keep_freed_memory
from sfumato.pretrained.extra import quiet
from sfumato.pretrained.machine import available_bytes, stated_bytes
from sfumato.pretrained.memory import MemoryPlan, plan
from sfumato.pretrained.single_file import CONFIGURATIONS
from sfumato.pretrained.sizes import GB, ComponentSize, Sizes, meta_module, sizes_of

MEMORIES = (8, 12, 16, 24)
FIT = 512  # pixels, of the step that is made for real
_QWEN3 = {
    "hidden_size": 2560, "intermediate_size": 9728, "num_hidden_layers": 36, "num_attention_heads": 32,
    "num_key_value_heads": 8, "head_dim": 128, "vocab_size": 151936, "tie_word_embeddings": True,
}  # fmt: skip
_T5 = {
    "d_model": 4096, "d_ff": 10240, "d_kv": 64, "num_layers": 24, "num_heads": 64, "vocab_size": 32128,
    "feed_forward_proj": "gated-gelu", "tie_word_embeddings": False,
}  # fmt: skip
_VAE16 = {
    "block_out_channels": [128, 256, 512, 512], "down_block_types": ["DownEncoderBlock2D"] * 4,
    "up_block_types": ["UpDecoderBlock2D"] * 4, "layers_per_block": 2, "latent_channels": 16, "sample_size": 1024,
    "use_quant_conv": False, "use_post_quant_conv": False,
}  # fmt: skip
_QWEN25_VL = {
    "text_config": {
        "hidden_size": 3584, "intermediate_size": 18944, "num_hidden_layers": 28, "num_attention_heads": 28,
        "num_key_value_heads": 4, "vocab_size": 152064, "tie_word_embeddings": False,
    },
    "vision_config": {"hidden_size": 1280, "depth": 32, "num_heads": 16, "intermediate_size": 3420},
    "tie_word_embeddings": False,
}  # fmt: skip
# By name: its own side in pixels, and of each part the class and its configuration.
MODELS: Mapping[str, tuple[int, Mapping[str, tuple[str, Mapping[str, Any]]]]] = {
    "FLUX.2 klein 4B": (
        1024,
        {
            "transformer": (
                "Flux2Transformer2DModel",
                {"num_layers": 5, "num_single_layers": 20, "num_attention_heads": 24, "joint_attention_dim": 7680,
                 "guidance_embeds": False},
            ),
            "vae": ("AutoencoderKLFlux2", {}),
            "text_encoder": ("Qwen3ForCausalLM", _QWEN3),
        },
    ),
    "Z-Image": (
        1024,
        {
            "transformer": ("ZImageTransformer2DModel", {}),
            "vae": ("AutoencoderKL", _VAE16),
            "text_encoder": ("Qwen3Model", _QWEN3),
        },
    ),
    "FLUX.1": (
        1024,
        {
            "transformer": ("FluxTransformer2DModel", {"guidance_embeds": True}),
            "vae": ("AutoencoderKL", _VAE16),
            "text_encoder": ("CLIPTextModel", {"hidden_size": 768, "intermediate_size": 3072, "num_hidden_layers": 12}),
            "text_encoder_2": ("T5EncoderModel", _T5),
        },
    ),
    "Qwen-Image": (
        1328,
        {
            "transformer": ("QwenImageTransformer2DModel", {}),
            "vae": ("AutoencoderKLQwenImage", {}),
            "text_encoder": ("Qwen2_5_VLForConditionalGeneration", _QWEN25_VL),
        },
    ),
}  # fmt: skip


def models() -> Iterator[tuple[Sizes, int]]:
    """Each with its own side in pixels."""
    for name, folder, side in (("Stable Diffusion 1.5", "sd15", 512), ("Stable Diffusion XL", "sdxl", 1024)):
        yield sizes_of(CONFIGURATIONS / folder, name), side
    for name, (side, parts) in MODELS.items():
        with quiet():
            yield Sizes(name, tuple(ComponentSize(part, built(*each)) for part, each in parts.items())), side


def built(kind: str, config: Mapping[str, Any]) -> nn.Module:
    import diffusers
    import transformers

    return meta_module(getattr(diffusers, kind, None) or getattr(transformers, kind), dict(config))


def table() -> Iterator[str]:
    """Markdown: what is chosen on a GPU that does nothing else, by arithmetic, for one picture of its own size."""
    yield "Arithmetic, not measured: one picture of the model's own size at a time on an NVIDIA GPU in bfloat16."
    for libraries in ((), ("torchao", "bitsandbytes")):
        yield ""
        yield f"With {' and '.join(libraries)} installed:" if libraries else "Without torchao and bitsandbytes:"
        yield ""
        yield "| model | parameters | network, GB | " + " | ".join(f"{memory} GB" for memory in MEMORIES) + " |"
        yield "|---|---|---|" + "---|" * len(MEMORIES)
        for sizes, side in models():
            cells = [_cell(sizes, side, memory, libraries) for memory in MEMORIES]
            network = sizes.network.bytes("bfloat16") / GB
            count = f"{sizes.network.parameters / 1e9:.2f} of {sizes.parameters / 1e9:.2f} B"
            yield f"| {sizes.name}, {side} px | {count} | {network:.1f} | {' | '.join(cells)} |"


def _cell(sizes: Sizes, side: int, memory: float, libraries: tuple[str, ...]) -> str:
    try:
        found = plan(sizes, torch.device("cuda"), stated_bytes(memory), side, side, bfloat16=True, libraries=libraries)
    except SfumatoError:
        return "no"
    return f"{in_short(found)} ({found.peak_bytes / GB:.1f})"


def in_short(found: MemoryPlan) -> str:
    turns = {"all": "all", "encoders": "encoders in turn", "parts": "parts in turn", "layers": "layer by layer"}
    stored = "" if found.storage == found.dtype else f"{found.storage}, "
    return f"{stored}{turns[found.turns]}{f', tiles {found.tile}' if found.tile else ''}"


def real(memory_bytes: int) -> None:
    """One step of the U-Net and one decoded picture of random weights, in the memory that the plan says."""
    sizes = sizes_of(CONFIGURATIONS / "sdxl", "Stable Diffusion XL")
    unet = sizes.network
    print(f"U-Net: {unet.parameters:,} parameters, {unet.bytes('bfloat16') / GB:.2f} GB in bfloat16")
    # bfloat16, so that the network fits; whether that is faster here is not asked.
    found = plan(sizes, torch.device("cpu"), memory_bytes, FIT, FIT, bfloat16=True, libraries=())
    print(found.sentence)
    with quiet():
        network, vae = filled(unet.module.to(torch.bfloat16)), filled(sizes.codec.module)
    taken = sum(each.numel() * each.element_size() for each in network.parameters())
    print(f"loaded: {taken / GB:.2f} GB of the U-Net, {resident() / GB:.2f} GB resident in all")
    began = time.perf_counter()
    print(f"step: {step(network):.1f} s; most resident so far: {peak() / GB:.2f} GB")
    with torch.no_grad():
        if found.tile:
            vae.enable_tiling()
        vae.decode(torch.zeros(1, 4, FIT // 8, FIT // 8))
    print(f"decoded, {time.perf_counter() - began:.1f} s in all; most resident: {peak() / GB:.2f} GB")
    absent = sizes.bytes(found.storage, "encoder") if found.turns == "all" else 0
    most = found.peak_bytes - absent
    within = peak() <= most
    print(f"{'within' if within else 'MORE THAN'} {most / GB:.2f} GB: the plan's, without text encoders")
    sys.exit(not within)


def filled(module: Any) -> Any:
    """The module on the CPU with small numbers, the same block of them again and again: quickly made, and of no use."""
    module = module.to_empty(device="cpu").eval().requires_grad_(False)
    block = 0.02 * torch.randn(1 << 16, generator=torch.Generator().manual_seed(0))
    for each in module.parameters():
        flat, like = each.view(-1), block.to(each.dtype)
        for start in range(0, len(flat), len(like)):
            part = flat[start : start + len(like)]
            part.copy_(like[: len(part)])
    return module


def step(network: Any) -> float:
    """Seconds of one evaluation."""
    began = time.perf_counter()
    dtype = network.dtype
    with torch.no_grad():
        answer = network(
            torch.randn(1, 4, FIT // 8, FIT // 8).to(dtype),
            torch.tensor(500.0),
            torch.randn(1, 77, 2048).to(dtype),
            added_cond_kwargs={
                "text_embeds": torch.randn(1, 1280).to(dtype),
                "time_ids": torch.tensor([[FIT, FIT, 0, 0, FIT, FIT]], dtype=dtype),
            },
        ).sample
    assert answer.isfinite().all()
    return time.perf_counter() - began


def resident() -> int:
    """Bytes of this process in memory now."""
    with open("/proc/self/statm") as file:  # noqa: PTH123
        return int(file.read().split()[1]) * resource.getpagesize()


def peak() -> int:
    """The most that there were."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss << 10


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--table", action="store_true", help="print the table, and load nothing")
    parser.add_argument("--memory", type=float, help="in GB, in place of what is free")
    asked = parser.parse_args()
    if asked.table:
        print("\n".join(table()))
        return
    keep_freed_memory()  # as the program does
    try:
        real(stated_bytes(asked.memory) if asked.memory else available_bytes(torch.device("cpu")))
    except SfumatoError as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
