import json
from collections.abc import Callable

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from sfumato.diffusion import Denoiser, preconditioning
from sfumato.networks import GeneratorConfig, build_network
from sfumato.networks.adversarial import Discriminator
from sfumato.training import Run, preset, train
from sfumato.training.events import Trained
from sfumato.training.objectives import Adversarial


def adversaries(seed: int = 0) -> Adversarial:
    torch.manual_seed(seed)
    network = build_network(GeneratorConfig(latent=8, width=8), 32, 0, in_channels=3)
    return Adversarial(Denoiser(network, preconditioning("direct")), Discriminator(32, in_channels=3, width=8))


def pictures(count: int = 6) -> Tensor:
    return torch.rand(count, 3, 32, 32, generator=torch.Generator().manual_seed(2)) * 2 - 1


def gradients(of: Adversarial) -> dict[str, Tensor]:
    return {name: p.grad.clone() for name, p in of.named_parameters()}


def test_each_network_learns_from_its_own_loss_alone() -> None:
    """One backward pass gives the gradients that two networks stepped one by one would have."""
    of, images = adversaries(), pictures()
    of(images, torch.zeros(6), torch.Generator().manual_seed(5)).total.mean().backward()
    together = gradients(of)

    alone = adversaries()
    noise = torch.randn(images.shape, generator=torch.Generator().manual_seed(5))
    made = alone.denoiser(noise, 1.0)
    judged = F.binary_cross_entropy_with_logits(alone.discriminator(images), torch.ones(6))
    judged = judged + F.binary_cross_entropy_with_logits(alone.discriminator(made.detach()), torch.zeros(6))
    judged.backward()
    expected = {n: p.grad.clone() for n, p in alone.discriminator.named_parameters()}
    for name, gradient in expected.items():
        torch.testing.assert_close(together[f"discriminator.{name}"], gradient)
    forged = F.binary_cross_entropy_with_logits(alone.discriminator(made), torch.ones(6))
    forged.backward()
    for name, parameter in alone.denoiser.named_parameters():
        torch.testing.assert_close(together[f"denoiser.{name}"], parameter.grad)


def test_looking_at_the_loss_of_pictures_changes_nothing() -> None:
    of = adversaries()
    before = {name: tensor.clone() for name, tensor in of.state_dict().items()}
    loss = of.validation_loss(of.denoiser, pictures(), torch.zeros(6), torch.Generator())
    assert loss.shape == (6,)
    assert not loss.requires_grad
    assert of.discriminator.training
    assert all(torch.equal(tensor, before[name]) for name, tensor in of.state_dict().items())


def test_the_statistics_of_batches_count_two_passes_a_step() -> None:
    of = adversaries()
    of(pictures(), torch.zeros(6), torch.Generator())
    counted = [b.item() for name, b in of.discriminator.named_buffers() if name.endswith("num_batches_tracked")]
    assert set(counted) == {2}


def test_a_short_training_moves_the_made_pictures_towards_the_real_ones() -> None:
    """Real pictures of one colour: the mean colour of what is made comes nearer to it."""
    of = adversaries()
    adam = torch.optim.Adam(of.parameters(), 2e-3, betas=(0.5, 0.999))
    real = torch.tensor([0.8, -0.6, 0.1]).view(1, 3, 1, 1).expand(16, 3, 32, 32)
    real = real + 0.05 * torch.randn(real.shape, generator=torch.Generator().manual_seed(0))

    def distance() -> float:
        with torch.no_grad():
            made = of.denoiser(torch.randn(64, 3, 32, 32, generator=torch.Generator().manual_seed(9)), 1.0)
        return float((made.mean((0, 2, 3)) - real.mean((0, 2, 3))).norm())

    before = distance()
    for step in range(40):
        adam.zero_grad()
        of(real, torch.zeros(16), torch.Generator().manual_seed(step)).total.mean().backward()
        adam.step()
    assert distance() < before / 2


def test_the_losses_parts_are_told_and_logged(begin: Callable[..., Run]) -> None:
    run = begin(
        **{**preset("gan"), "network": GeneratorConfig(latent=4, width=4), "batch": 4, "steps": 4, "evaluations": 1}
    )
    trained = [event for event in train(run) if isinstance(event, Trained)]
    assert all(dict(event.parts).keys() == {"discriminator", "generator"} for event in trained)
    assert all(sum(dict(event.parts).values()) == pytest.approx(event.loss, rel=1e-4) for event in trained)
    lines = [json.loads(line) for line in (run.path / "log.jsonl").read_text().splitlines()]
    assert all(line["parts"].keys() == {"discriminator", "generator"} for line in lines if line["event"] == "trained")
