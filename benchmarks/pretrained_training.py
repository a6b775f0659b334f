"""Two small pipelines of diffusers that have learned something: a U-Net and a flow transformer in one VAE's latents.

    from pretrained_training import learned_pipelines
    folders = learned_pipelines(Path("../shared/art"), Path("scratch"))  # {'sd15': ..., 'z_image': ...}

Pictures of 64 px; the VAE makes latents of 4 channels and 16 x 16 cells of them, 4 px a cell, so that 12 numbers of a
picture become one as in those of FLUX.1. Text is the name of a class, encoded by encoders of random weights. What
is there already is not trained again. On one core the three take 149, 144 and 83 seconds.
"""

from __future__ import annotations

import copy
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from tiny_pipelines import WIDTH, clip_encoder, clip_tokenizer, qwen_config, qwen_tokenizer
from torch import Tensor, nn

from sfumato.collection import Collection, collect
from sfumato.dataset import Dataset, prepare
from sfumato.diffusion.denoiser import Denoiser

SIZE = 64  # pixels
FACTOR = 4
CROP = 48  # of the pictures that the VAE learns from; it sees no more of one at once than its cells do
CHANNELS = 4  # of the latents
BATCH = 16  # of the networks
CROPS = 8  # the VAE's batch
DROPPED = 0.1  # of the prompts, for guidance
VAE_CROPS, NETWORK_PICTURES = 8_000, 8_000
FAMILIES = ("sd15", "z_image")


def learned_pipelines(art: Path, scratch: Path) -> dict[str, Path]:
    """The folder of each family's pipeline, trained where it is not there."""
    folders = {name: scratch / name for name in FAMILIES}
    dataset = dataset_of(art, scratch)
    vae_folder = scratch / "vae"
    if not (vae_folder / "config.json").exists():
        trained_vae(dataset).save_pretrained(vae_folder)
    for name, folder in folders.items():
        if not (folder / "model_index.json").exists():
            trained_pipeline(name, vae_folder, dataset).save_pretrained(folder)
    return folders


def dataset_of(art: Path, scratch: Path) -> Dataset:
    """The pictures of ``art``, a folder for each class, prepared once."""
    if not (scratch / "dataset" / "dataset.json").exists():
        list(collect(art, scratch / "collection", workers=1))
        list(prepare(Collection.open(scratch / "collection"), scratch / "dataset", size=SIZE, workers=1))
    return Dataset.open(scratch / "dataset")


def trained_vae(dataset: Dataset, crops: int = VAE_CROPS) -> Any:
    """An AutoencoderKL: absolute error, the same of the gradients, and a little KL (Rombach et al. 2022,
    arXiv:2112.10752, section 3.1). Its latents are scaled to unit deviation."""
    from diffusers import AutoencoderKL

    torch.manual_seed(0)
    vae = AutoencoderKL(
        down_block_types=("DownEncoderBlock2D",) * 3,
        up_block_types=("UpDecoderBlock2D",) * 3,
        block_out_channels=(16, 32, 64),
        layers_per_block=1,
        norm_num_groups=8,
        latent_channels=CHANNELS,
        sample_size=SIZE,
    )
    images = dataset.images(dataset.train)

    def loss(generator: torch.Generator) -> Tensor:
        shown = _crops(images, generator)
        posterior = vae.encode(shown).latent_dist
        made = vae.decode(posterior.sample()).sample.float()
        apart = made - shown
        edges = apart.diff(dim=2).abs().mean() + apart.diff(dim=3).abs().mean()
        return apart.abs().mean() + edges + 1e-3 * posterior.kl().mean() / posterior.mean[0].numel()

    vae = _trained("vae", vae, vae, loss, crops, CROPS, 2e-3)
    with torch.inference_mode():
        held_out = dataset.images(dataset.held_out)
        latents = vae.encode(images[::4]).latent_dist.mode()
        error = (vae.decode(vae.encode(held_out).latent_dist.mode()).sample - held_out).square().mean().sqrt() * 127.5
    vae.register_to_config(scaling_factor=1 / float(latents.std()), shift_factor=float(latents.mean()))
    print(json.dumps({"vae": "held-out pictures", "levels off": round(float(error), 2)}), flush=True)
    return vae


def _crops(images: Tensor, generator: torch.Generator) -> Tensor:
    """Random parts of random pictures, half of them mirrored."""
    places = torch.randint(len(images), (CROPS,), generator=generator).tolist()
    corners = torch.randint(SIZE - CROP + 1, (CROPS, 2), generator=generator).tolist()
    parts = [
        images[place, :, top : top + CROP, left : left + CROP]
        for place, (top, left) in zip(places, corners, strict=True)
    ]
    mirrored = torch.rand(CROPS, generator=generator) < 0.5
    return torch.stack([part.flip(-1) if flip else part for part, flip in zip(parts, mirrored, strict=True)])


def trained_pipeline(name: str, vae: Path, dataset: Dataset, pictures: int = NETWORK_PICTURES) -> Any:
    """A pipeline of that family with this VAE, whose network has learned the data set through our own denoiser: the
    squared error of D, with the weight of its preconditioning."""
    from diffusers import AutoencoderKL

    from sfumato.pretrained.bridge import bridged

    torch.manual_seed(0)
    pipeline = {"sd15": _stable_diffusion, "z_image": _z_image}[name](AutoencoderKL.from_pretrained(vae))
    pretrained = bridged(pipeline)
    conditions = pretrained.encoder.conditions(dataset.classes)
    clean = _latents(pretrained.codec.encode, dataset)
    labels = dataset.labels[dataset.train].repeat(2)
    sigma_of = _sigmas(pretrained.spacing.levels)
    denoiser: Denoiser = pretrained.denoiser
    network = pretrained.network.requires_grad_(True).train()

    def loss(generator: torch.Generator) -> Tensor:
        places = torch.randint(len(clean), (BATCH,), generator=generator)
        dropped = torch.rand(BATCH, generator=generator) < DROPPED
        x0, condition = clean[places], conditions[labels[places]].drop(dropped)
        sigma = sigma_of(torch.rand(BATCH, generator=generator))
        noise = torch.randn(x0.shape, generator=generator)
        made = denoiser(x0 + sigma.view(-1, 1, 1, 1) * noise, sigma, condition)
        error = (made - x0).square().mean((1, 2, 3))
        return (denoiser.preconditioning.weight(sigma) * error).mean()

    averaged = _trained(name, network, network, loss, pictures, BATCH, 1e-3)
    network.load_state_dict(averaged.state_dict())
    network.eval().requires_grad_(False)
    return pipeline


@torch.inference_mode()
def _latents(encode: Callable[[Tensor], Tensor], dataset: Dataset) -> Tensor:
    """Of all training pictures, and of their mirror images."""
    images = dataset.images(dataset.train)
    return torch.cat([encode(part) for part in (*images.split(32), *images.flip(-1).split(32))]).clone()


def _sigmas(levels: Tensor | None) -> Callable[[Tensor], Tensor]:
    """Uniform numbers to noise levels: a training's own, or times of a flow, more of them in the middle."""
    if levels is None:
        return lambda uniform: (torch.special.ndtri(uniform.clamp(1e-4, 1 - 1e-4)) * 1.4).exp().clamp_max(1e4)
    return lambda uniform: levels[(uniform * len(levels)).long()].float()


def _trained(
    name: str,
    module: Any,
    learning: nn.Module,
    loss: Callable[[torch.Generator], Tensor],
    pictures: int,
    batch: int,
    rate: float,
) -> Any:
    """An average of a module's weights while it learned; AdamW, whose rate rises and falls again."""
    generator = torch.Generator().manual_seed(0)
    optimiser = torch.optim.AdamW(learning.parameters(), lr=rate, betas=(0.9, 0.99), weight_decay=0.01)
    steps, averaged, felt = pictures // batch, copy.deepcopy(module).eval().requires_grad_(False), 0.0
    wall, own = time.perf_counter(), time.process_time()
    for step in range(steps):
        optimiser.param_groups[0]["lr"] = rate * min(1.0, (step + 1) / 50, 2 * (1 - step / steps) + 0.02)
        optimiser.zero_grad(set_to_none=True)
        with torch.autocast("cpu", torch.bfloat16, enabled=name == "vae"):  # networks as small are no faster in it
            value = loss(generator)
        value.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(learning.parameters(), 1.0)
        optimiser.step()
        felt += (float(value.detach()) - felt) * max(0.02, 1 / (step + 1))
        with torch.no_grad():
            share = 1 - min(0.998, (step + 1) / (step + 10))
            for average, new in zip(averaged.parameters(), learning.parameters(), strict=True):
                average.lerp_(new, share)
        if step % 100 == 99 or step + 1 == steps:
            seconds = {"seconds": round(time.perf_counter() - wall), "of a core": round(time.process_time() - own)}
            print(json.dumps({name: (step + 1) * batch, "loss": round(felt, 4), **seconds}), flush=True)
    return averaged


def _stable_diffusion(vae: Any) -> Any:
    from diffusers import DDIMScheduler, StableDiffusionPipeline, UNet2DConditionModel

    tokenizer = clip_tokenizer()
    return StableDiffusionPipeline(
        vae=vae,
        text_encoder=clip_encoder(tokenizer),
        tokenizer=tokenizer,
        unet=UNet2DConditionModel(
            sample_size=SIZE // FACTOR,
            in_channels=CHANNELS,
            out_channels=CHANNELS,
            down_block_types=("DownBlock2D", "CrossAttnDownBlock2D"),
            up_block_types=("CrossAttnUpBlock2D", "UpBlock2D"),
            block_out_channels=(48, 96),
            layers_per_block=1,
            cross_attention_dim=WIDTH,
            attention_head_dim=4,
            norm_num_groups=16,
        ),
        scheduler=DDIMScheduler(
            beta_start=0.00085, beta_end=0.012, beta_schedule="scaled_linear", steps_offset=1, clip_sample=False
        ),
        safety_checker=None,
        feature_extractor=None,
        requires_safety_checker=False,
    )


def _z_image(vae: Any) -> Any:
    """Whose text is as long as the prompt, 32 tokens here: the encoder of FLUX.1 makes 512 of any."""
    from diffusers import FlowMatchEulerDiscreteScheduler, ZImagePipeline, ZImageTransformer2DModel
    from transformers import Qwen3Model

    tokenizer = qwen_tokenizer()
    return ZImagePipeline(
        scheduler=FlowMatchEulerDiscreteScheduler(shift=3.0),
        vae=vae,
        text_encoder=Qwen3Model(qwen_config(tokenizer, layers=2)),
        tokenizer=tokenizer,
        transformer=ZImageTransformer2DModel(
            in_channels=CHANNELS,
            dim=96,
            n_layers=4,
            n_refiner_layers=1,
            n_heads=4,
            n_kv_heads=4,
            cap_feat_dim=16,
            axes_dims=[8, 8, 8],
            axes_lens=[1024, 64, 64],
        ),
    )
