"""Tiny pipelines of random weights of each family, as diffusers saves them: what tests open in place of a real model.

    from tiny_pipelines import build, pipeline
    folder = build("sd15", Path("models"))  # models/sd15, 0.4 to 2 MB, in tenths of a second

They are built with diffusers' own classes, so that their files are named and shaped as those of a real model are, and
their tokenizers are made in code: one token for each byte. Weights depend on nothing but the family's name. Pictures
of 64 x 64 are their own size, cells are 8 x 8 pixels (16 x 16 where the network packs 2 x 2 of them).
"""

from __future__ import annotations

import math
import warnings
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch

SIZE = 64  # pixels
FACTOR = 8  # pixels along the side of a cell of the VAE
WIDTH = 32  # of the text encoders


def _bytes() -> list[str]:
    """The 256 characters that byte-level tokenizers write bytes as."""
    from tokenizers import pre_tokenizers

    return sorted(pre_tokenizers.ByteLevel.alphabet())


def clip_tokenizer(pad: str = "<|endoftext|>") -> Any:
    from transformers import CLIPTokenizer

    pieces = [*_bytes(), *(f"{byte}</w>" for byte in _bytes()), "<|startoftext|>", "<|endoftext|>"]
    if pad not in pieces:
        pieces.append(pad)
    return CLIPTokenizer(
        vocab={piece: index for index, piece in enumerate(pieces)}, merges=[], pad_token=pad, model_max_length=77
    )


def t5_tokenizer() -> Any:
    from transformers import T5Tokenizer

    letters = [chr(code) for code in range(33, 127)]
    pieces = [("<pad>", 0.0), ("</s>", 0.0), ("<unk>", 0.0), ("▁", -2.0), *((letter, -3.0) for letter in letters)]
    return T5Tokenizer(vocab=pieces, extra_ids=0, model_max_length=512)


_TEMPLATE = (
    "{% for message in messages %}<|im_start|>{{ message.role }}\n{{ message.content }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)


def qwen_tokenizer() -> Any:
    from transformers import Qwen2Tokenizer

    specials = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]
    vocabulary = {piece: index for index, piece in enumerate([*_bytes(), *specials])}
    tokenizer = Qwen2Tokenizer(
        vocab=vocabulary, merges=[], additional_special_tokens=specials[1:], model_max_length=1024
    )
    tokenizer.chat_template = _TEMPLATE
    return tokenizer


def clip_encoder(tokenizer: Any, projected: bool = False, activation: str = "quick_gelu") -> Any:
    from transformers import CLIPTextConfig, CLIPTextModel, CLIPTextModelWithProjection

    config = CLIPTextConfig(
        vocab_size=len(tokenizer),
        hidden_size=WIDTH,
        intermediate_size=2 * WIDTH,
        num_hidden_layers=3,
        num_attention_heads=4,
        projection_dim=WIDTH,
        hidden_act=activation,
        bos_token_id=tokenizer.bos_token_id,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
    )
    return (CLIPTextModelWithProjection if projected else CLIPTextModel)(config)


def t5_encoder(tokenizer: Any, width: int) -> Any:
    from transformers import T5Config, T5EncoderModel

    config = T5Config(
        vocab_size=len(tokenizer),
        d_model=width,
        d_kv=8,
        d_ff=2 * width,
        num_layers=2,
        num_heads=4,
        feed_forward_proj="gated-gelu",
        pad_token_id=0,
        eos_token_id=1,
        decoder_start_token_id=0,
    )
    return T5EncoderModel(config)


def qwen_config(tokenizer: Any, layers: int) -> Any:
    from transformers import Qwen3Config

    return Qwen3Config(
        vocab_size=len(tokenizer),
        hidden_size=16,
        intermediate_size=32,
        num_hidden_layers=layers,
        num_attention_heads=2,
        num_key_value_heads=1,
        head_dim=8,
        max_position_embeddings=1024,
        pad_token_id=tokenizer.pad_token_id,
        eos_token_id=tokenizer.eos_token_id,
        bos_token_id=None,
        tie_word_embeddings=True,
    )


def _vae(scale: float, shift: float | None = None, quantised: bool = False, upcast: bool = False) -> Any:
    from diffusers import AutoencoderKL

    return AutoencoderKL(
        down_block_types=("DownEncoderBlock2D",) * 4,
        up_block_types=("UpDecoderBlock2D",) * 4,
        block_out_channels=(8, 8, 8, 16),
        layers_per_block=1,
        norm_num_groups=4,
        latent_channels=4,
        sample_size=SIZE,
        scaling_factor=scale,
        shift_factor=shift,
        use_quant_conv=quantised,
        use_post_quant_conv=quantised,
        force_upcast=upcast,
    )


def _unet(**changes: Any) -> Any:
    from diffusers import UNet2DConditionModel

    settings: dict[str, Any] = {
        "sample_size": SIZE // FACTOR,
        "down_block_types": ("CrossAttnDownBlock2D", "DownBlock2D"),
        "up_block_types": ("UpBlock2D", "CrossAttnUpBlock2D"),
        "block_out_channels": (16, 32),
        "layers_per_block": 1,
        "cross_attention_dim": WIDTH,
        "attention_head_dim": 4,
        "norm_num_groups": 8,
    }
    return UNet2DConditionModel(**settings | changes)


_BETAS = {"beta_start": 0.00085, "beta_end": 0.012, "beta_schedule": "scaled_linear", "steps_offset": 1}


def _sd15() -> Any:
    from diffusers import PNDMScheduler, StableDiffusionPipeline

    tokenizer = clip_tokenizer()
    return StableDiffusionPipeline(
        vae=_vae(0.18215, quantised=True),
        text_encoder=clip_encoder(tokenizer),
        tokenizer=tokenizer,
        unet=_unet(),
        scheduler=PNDMScheduler(**_BETAS, set_alpha_to_one=False, skip_prk_steps=True),
        safety_checker=None,
        feature_extractor=None,
        requires_safety_checker=False,
    )


def _sd21(**schedule: Any) -> Any:
    from diffusers import DDIMScheduler, StableDiffusionPipeline

    tokenizer = clip_tokenizer(pad="!")
    return StableDiffusionPipeline(
        vae=_vae(0.18215, quantised=True),
        text_encoder=clip_encoder(tokenizer, activation="gelu"),
        tokenizer=tokenizer,
        unet=_unet(attention_head_dim=(2, 4), use_linear_projection=True),
        scheduler=DDIMScheduler(
            **_BETAS, set_alpha_to_one=False, clip_sample=False, prediction_type="v_prediction", **schedule
        ),
        safety_checker=None,
        feature_extractor=None,
        requires_safety_checker=False,
    )


def _zero_snr() -> Any:
    return _sd21(rescale_betas_zero_snr=True, timestep_spacing="trailing")


def _sdxl() -> Any:
    from diffusers import EulerDiscreteScheduler, StableDiffusionXLPipeline

    first, second = clip_tokenizer(), clip_tokenizer(pad="!")
    time = 8
    return StableDiffusionXLPipeline(
        vae=_vae(0.13025, quantised=True, upcast=True),
        text_encoder=clip_encoder(first),
        text_encoder_2=clip_encoder(second, projected=True, activation="gelu"),
        tokenizer=first,
        tokenizer_2=second,
        unet=_unet(
            down_block_types=("DownBlock2D", "CrossAttnDownBlock2D"),
            up_block_types=("CrossAttnUpBlock2D", "UpBlock2D"),
            cross_attention_dim=2 * WIDTH,
            attention_head_dim=(2, 4),
            transformer_layers_per_block=(1, 2),
            use_linear_projection=True,
            addition_embed_type="text_time",
            addition_time_embed_dim=time,
            projection_class_embeddings_input_dim=6 * time + WIDTH,
        ),
        scheduler=EulerDiscreteScheduler(**_BETAS, timestep_spacing="leading"),
        add_watermarker=False,
    )


def _sd3() -> Any:
    from diffusers import FlowMatchEulerDiscreteScheduler, SD3Transformer2DModel, StableDiffusion3Pipeline

    first, second, third = clip_tokenizer(), clip_tokenizer(pad="!"), t5_tokenizer()
    return StableDiffusion3Pipeline(
        transformer=SD3Transformer2DModel(
            sample_size=SIZE // FACTOR,
            patch_size=2,
            in_channels=4,
            out_channels=4,
            num_layers=2,
            attention_head_dim=8,
            num_attention_heads=4,
            joint_attention_dim=2 * WIDTH,
            caption_projection_dim=32,
            pooled_projection_dim=2 * WIDTH,
            pos_embed_max_size=32,
            dual_attention_layers=(0,),
            qk_norm="rms_norm",
        ),
        scheduler=FlowMatchEulerDiscreteScheduler(shift=3.0),
        vae=_vae(1.5305, 0.0609),
        text_encoder=clip_encoder(first, projected=True),
        tokenizer=first,
        text_encoder_2=clip_encoder(second, projected=True, activation="gelu"),
        tokenizer_2=second,
        text_encoder_3=t5_encoder(third, 2 * WIDTH),
        tokenizer_3=third,
    )


def _dynamic() -> Any:
    from diffusers import FlowMatchEulerDiscreteScheduler

    return FlowMatchEulerDiscreteScheduler(
        shift=3.0, use_dynamic_shifting=True, base_shift=0.5, max_shift=1.15, base_image_seq_len=256
    )


def _flux() -> Any:
    from diffusers import FluxPipeline, FluxTransformer2DModel

    first, second = clip_tokenizer(), t5_tokenizer()
    return FluxPipeline(
        scheduler=_dynamic(),
        vae=_vae(0.3611, 0.1159),
        text_encoder=clip_encoder(first),
        tokenizer=first,
        text_encoder_2=t5_encoder(second, WIDTH),
        tokenizer_2=second,
        transformer=FluxTransformer2DModel(
            in_channels=16,
            num_layers=1,
            num_single_layers=2,
            attention_head_dim=16,
            num_attention_heads=2,
            joint_attention_dim=WIDTH,
            pooled_projection_dim=WIDTH,
            guidance_embeds=True,
            axes_dims_rope=(4, 6, 6),
        ),
    )


def _flux2_klein() -> Any:
    from diffusers import AutoencoderKLFlux2, Flux2KleinPipeline, Flux2Transformer2DModel
    from transformers import Qwen3ForCausalLM

    tokenizer = qwen_tokenizer()
    return Flux2KleinPipeline(
        scheduler=_dynamic(),
        vae=AutoencoderKLFlux2(
            block_out_channels=(8, 8, 8, 16),
            layers_per_block=1,
            latent_channels=4,
            norm_num_groups=4,
            sample_size=SIZE,
        ),
        text_encoder=Qwen3ForCausalLM(qwen_config(tokenizer, layers=28)),  # the pipeline reads layers 9, 18 and 27
        tokenizer=tokenizer,
        transformer=Flux2Transformer2DModel(
            in_channels=16,
            num_layers=1,
            num_single_layers=2,
            attention_head_dim=16,
            num_attention_heads=2,
            joint_attention_dim=3 * 16,
            timestep_guidance_channels=32,
            axes_dims_rope=(4, 4, 4, 4),
            guidance_embeds=False,
        ),
        is_distilled=False,
    )


def _z_image() -> Any:
    from diffusers import FlowMatchEulerDiscreteScheduler, ZImagePipeline, ZImageTransformer2DModel
    from transformers import Qwen3Model

    tokenizer = qwen_tokenizer()
    return ZImagePipeline(
        scheduler=FlowMatchEulerDiscreteScheduler(shift=3.0),
        vae=_vae(0.3611, 0.1159),
        text_encoder=Qwen3Model(qwen_config(tokenizer, layers=2)),
        tokenizer=tokenizer,
        transformer=ZImageTransformer2DModel(
            in_channels=4,
            dim=32,
            n_layers=1,
            n_refiner_layers=1,
            n_heads=2,
            n_kv_heads=2,
            cap_feat_dim=16,
            axes_dims=[4, 6, 6],
            axes_lens=[1024, 64, 64],
        ),
    )


def _chroma() -> Any:
    from diffusers import ChromaPipeline, ChromaTransformer2DModel

    tokenizer = t5_tokenizer()
    return ChromaPipeline(
        scheduler=_dynamic(),
        vae=_vae(0.3611, 0.1159),
        text_encoder=t5_encoder(tokenizer, WIDTH),
        tokenizer=tokenizer,
        transformer=ChromaTransformer2DModel(
            in_channels=16,
            num_layers=1,
            num_single_layers=2,
            attention_head_dim=16,
            num_attention_heads=2,
            joint_attention_dim=WIDTH,
            axes_dims_rope=(4, 6, 6),
            approximator_num_channels=16,
            approximator_hidden_dim=32,
            approximator_layers=1,
        ),
    )


PIPELINES: dict[str, Callable[[], Any]] = {
    "sd15": _sd15,
    "sd21": _sd21,
    "zero_snr": _zero_snr,
    "sdxl": _sdxl,
    "sd3": _sd3,
    "flux": _flux,
    "flux2_klein": _flux2_klein,
    "z_image": _z_image,
    "chroma": _chroma,
}
"""Each family by its name; 'zero_snr' is 'sd21' with betas that end in pure noise."""


def pipeline(name: str) -> Any:
    """The pipeline of that family, as diffusers would load it: evaluating, float32, on the CPU."""
    with torch.random.fork_rng(devices=[]), warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)  # Chroma's class warns of another class of diffusers' own
        torch.manual_seed(0)
        built = PIPELINES[name]()
    for component in ("unet", "transformer", "vae", "text_encoder", "text_encoder_2", "text_encoder_3"):
        if (module := getattr(built, component, None)) is not None:
            _randomise(module, zlib.crc32(f"{name} {component}".encode()))
            module.eval()
    return built


def build(name: str, folder: Path) -> Path:
    """``folder / name`` with that pipeline, saved unless it is there already."""
    from diffusers.utils import logging as diffusers_logging
    from transformers.utils import logging as transformers_logging

    path = folder / name
    if not (path / "model_index.json").exists():
        for logging in (diffusers_logging, transformers_logging):
            logging.disable_progress_bar()
        pipeline(name).save_pretrained(path)
    return path


# What reads the time of a transformer: larger weights, and it would show how float32 rounds times near 1.
_OF_TIME = ("timestep_embedder.linear_1.weight", "t_embedder.mlp.0.weight", "distilled_guidance_layer.in_proj.weight")


def _randomise(module: torch.nn.Module, seed: int) -> None:
    """Weights that keep the scale of what they are given; those that start at nothing or at whatever is there too."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, parameter in sorted(module.named_parameters()):
            noise = torch.randn(parameter.shape, generator=generator)
            if name.endswith(_OF_TIME):
                parameter.copy_(0.02 * noise)
            elif parameter.ndim > 1:
                parameter.copy_(noise / math.sqrt(parameter[0].numel()))
            elif name.endswith("bias"):
                parameter.copy_(0.1 * noise)
            else:
                parameter.copy_(1 + 0.1 * noise)
        for name, buffer in sorted(module.named_buffers()):
            if name.endswith("running_mean"):
                buffer.copy_(0.3 * torch.randn(buffer.shape, generator=generator))
            elif name.endswith("running_var"):
                buffer.copy_(0.5 + torch.rand(buffer.shape, generator=generator))
