"""Which names of LoRA layers ComfyUI looks up, by its own source, against the list of them that the tests go by.

    git clone --depth 1 https://github.com/Comfy-Org/ComfyUI
    python benchmarks/comfyui_keys.py ComfyUI/comfy

Of ComfyUI only the functions run that make its table of names (comfy/lora.py and comfy/utils.py), with a model of
nothing but names: those that the full-size networks have in its own notation. Nothing else of it is imported.
"""

from __future__ import annotations

import ast
import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import torch

ROOT = Path(__file__).parents[1]
LIST = ROOT / "tests" / "pretrained" / "lora" / "comfyui_keys.txt"
CONFIGURATIONS = ROOT / "src" / "sfumato" / "pretrained" / "configurations"
FUNCTIONS = {"unet_to_diffusers", "flux_to_diffusers", "z_image_to_diffusers", "swap_scale_shift"}

# What ComfyUI finds out about a checkpoint's network, as far as its tables of names ask for it.
COMFYUI: dict[str, dict[str, Any]] = {
    "sd15": {
        "num_res_blocks": [2, 2, 2, 2],
        "channel_mult": [1, 2, 4, 4],
        "transformer_depth": [1, 1, 1, 1, 1, 1, 0, 0],
        "transformer_depth_output": [1, 1, 1, 1, 1, 1, 1, 1, 1, 0, 0, 0],
        "transformer_depth_middle": 1,
    },
    "sdxl": {
        "num_res_blocks": [2, 2, 2],
        "channel_mult": [1, 2, 4],
        "transformer_depth": [0, 0, 2, 2, 10, 10],
        "transformer_depth_output": [0, 0, 0, 2, 2, 2, 10, 10, 10],
        "transformer_depth_middle": 10,
    },
    "flux": {"depth": 19, "depth_single_blocks": 38, "hidden_size": 3072},
    "flux2_klein": {"depth": 5, "depth_single_blocks": 20, "hidden_size": 3072},
    "z_image": {"n_layers": 30, "dim": 3840, "n_refiner_layers": 2},
}


def expanded(pattern: str) -> set[str]:
    """'to_{q,k}_{0..1}' -> {'to_q_0', 'to_q_1', 'to_k_0', 'to_k_1'}; braces may stand in braces."""
    innermost = re.search(r"\{([^{}]*)\}", pattern)
    if not innermost:
        return {pattern}
    if found := re.fullmatch(r"(\d+)\.\.(\d+)", innermost[1]):
        choices = [str(number) for number in range(int(found[1]), int(found[2]) + 1)]
    else:
        choices = innermost[1].split(",")
    before, after = pattern[: innermost.start()], pattern[innermost.end() :]
    return set().union(*(expanded(f"{before}{choice}{after}") for choice in choices))


def listed() -> dict[str, set[str]]:
    """The names in the list, by family."""
    families: dict[str, set[str]] = {}
    for line in LIST.read_text(encoding="utf-8").splitlines():
        if found := re.fullmatch(r"\[(\w+)\]", line):
            names = families.setdefault(found[1], set())
        elif line and not line.startswith("#"):
            names |= expanded(line)
    return families


def full_size(family: str) -> dict[str, torch.nn.Module]:
    """The network of a family as it was published, and its CLIPs, by component of the pipeline: without weights."""
    import diffusers
    import transformers

    with torch.device("meta"):
        if family == "flux":
            return {"transformer": diffusers.FluxTransformer2DModel(guidance_embeds=True)}
        if family == "flux2_klein":
            return {
                "transformer": diffusers.Flux2Transformer2DModel(
                    num_layers=5, num_single_layers=20, num_attention_heads=24, joint_attention_dim=7680
                )
            }
        if family == "z_image":
            return {"transformer": diffusers.ZImageTransformer2DModel()}
        built: dict[str, torch.nn.Module] = {}
        for component in ("unet", "text_encoder", "text_encoder_2"):
            path = CONFIGURATIONS / family / component / "config.json"
            if not path.exists():
                continue
            config = json.loads(path.read_text(encoding="utf-8"))
            if component == "unet":
                built[component] = diffusers.UNet2DConditionModel.from_config(config)
            else:
                kind = getattr(transformers, config["architectures"][0])
                built[component] = kind(transformers.CLIPTextConfig.from_dict(config))
        return built


def comfyui_functions(comfy: Path) -> SimpleNamespace:
    """Those of ComfyUI that make tables of names, and the tables that they read."""
    utils: dict[str, Any] = {}
    _run(comfy / "utils.py", utils, lambda name: name in FUNCTIONS or "_MAP_" in name or name == "TRANSFORMER_BLOCKS")
    kinds: dict[str, type] = {}

    class Kinds:
        def __getattr__(self, name: str) -> type:
            return kinds.setdefault(name, type(name, (), {}))

    namespace: dict[str, Any] = {"comfy": SimpleNamespace(utils=SimpleNamespace(**utils), model_base=Kinds())}
    _run(comfy / "lora.py", namespace, lambda name: name == "LORA_CLIP_MAP" or name.startswith("model_lora_keys"))
    return SimpleNamespace(**namespace, kinds=Kinds())


def _run(path: Path, namespace: dict[str, Any], wanted: Any) -> None:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    tree.body = [node for node in tree.body if any(wanted(name) for name in _names(node))]
    exec(compile(tree, str(path), "exec"), namespace)


def _names(node: ast.stmt) -> Iterator[str]:
    if isinstance(node, ast.FunctionDef):
        yield node.name
    elif isinstance(node, ast.Assign):
        yield from (target.id for target in node.targets if isinstance(target, ast.Name))


def looked_up(functions: SimpleNamespace, family: str) -> dict[str, Any]:
    """All names that ComfyUI looks up for a family, with what it finds there."""
    kind = {"flux": "Flux", "flux2_klein": "Flux", "z_image": "Lumina2"}.get(family, "SDXL")
    model = getattr(functions.kinds, kind)()
    model.model_config = SimpleNamespace(unet_config=COMFYUI[family])
    model.state_dict = dict
    names: dict[str, Any] = functions.model_lora_keys_unet(model, {})
    layers = {"sd15": {"clip_l": 12}, "sdxl": {"clip_l": 12, "clip_g": 32}}.get(family, {})
    own = [
        f"{clip}.transformer.text_model.encoder.layers.{layer}.{part}.weight"
        for clip, count in layers.items()
        for layer in range(count)
        for part in functions.LORA_CLIP_MAP
    ]
    own += [f"{clip}.transformer.text_projection.weight" for clip in layers]
    clips = SimpleNamespace(state_dict=lambda: dict.fromkeys(own))
    return names | functions.model_lora_keys_clip(clips, {})


def main() -> None:
    functions = comfyui_functions(Path(sys.argv[1]))
    for family, ours in listed().items():
        theirs = looked_up(functions, family)
        print(f"{family}: {len(ours):,} names listed, {len(ours - theirs.keys()):,} of them unknown to ComfyUI")
        for name in sorted(ours - theirs.keys())[:20]:
            print(f"  {name}")
        if family in ("sd15", "sdxl"):
            _compare_published(family, theirs)


def _compare_published(family: str, theirs: dict[str, Any]) -> None:
    """The names of the network as it was first published, ours against those that ComfyUI loads."""
    from sfumato.pretrained.lora.names import published_names

    unet = full_size(family)["unet"]
    layers = [name for name, layer in unet.named_modules() if isinstance(layer, torch.nn.Linear | torch.nn.Conv2d)]
    published = published_names(layers)
    others = [
        name
        for name in layers
        if theirs[f"lora_unet_{name.replace('.', '_')}"] != f"diffusion_model.{published.get(name)}.weight"
    ]
    print(f"  {len(published):,} published names, {len(others):,} of them others than ComfyUI's")
    for name in others[:20]:
        print(f"  {name}: {published.get(name)}")


if __name__ == "__main__":
    main()
