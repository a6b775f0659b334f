"""What a model can be asked for, and what suits it where nothing is asked."""

from __future__ import annotations

from collections.abc import Iterable

from pydantic import ValidationError

from sfumato.diffusion import SCHEDULES
from sfumato.diffusion.samplers import DISTILLED
from sfumato.errors import SfumatoError
from sfumato.models.canvas import Canvas
from sfumato.models.classes import class_index, class_mixture, listed_classes
from sfumato.models.estimates import effective_guidance
from sfumato.models.model import Model
from sfumato.models.noise import filled_from
from sfumato.models.steering import NOT_STEERED, Steering
from sfumato.policy.policy import Policy
from sfumato.text import counted, printable, shortened
from sfumato.works.edits import Reconstruct
from sfumato.works.prompts import Prompts, spoken
from sfumato.works.request import Request, Withheld, fault
from sfumato.works.sampler_settings import SamplerSettings
from sfumato.works.values import USUAL_HIGHEST_SIGMA


def settings_for(model: Model, request: Request, canvas: Canvas) -> SamplerSettings:
    """All settings: those that are asked for, then what suits the canvas, then the model's own. Raises SfumatoError for
    bounds that are not in order."""
    sampling = request.sampling.model_dump(exclude_unset=True)
    if canvas.mask is not None and model.config.samples_freely:
        sampling = _fitting(model, canvas) | sampling
    if request.negative is not None and not model.config.takes_prompts:
        # Measured: of which class a picture is, is decided where there is much noise.
        sampling = {"guidance_low": 0.0, "guidance_high": 1000.0} | sampling
    try:
        settings = SamplerSettings.model_validate(sampling).over(model.config.usual)
    except ValidationError as error:
        raise fault(error) from error
    _check_noise_levels(model, settings)
    _check_told(model, settings)
    return settings


def _check_told(model: Model, settings: SamplerSettings) -> None:
    """Raises SfumatoError for a guidance that a network is not told, and for another precision than a pre-trained
    model's weights have."""
    if model.pretrained is not None and settings.precision != model.config.generation.precision:
        raise SfumatoError(
            f"precision {settings.precision}: the model '{model.config.name}' was opened in "
            f"{model.config.generation.precision}; open it again, in that precision"
        )
    told = None if model.pretrained is None else model.pretrained.family.guidance.distilled
    if settings.distilled_guidance is not None and told is None:
        raise SfumatoError(
            f"distilled_guidance {settings.distilled_guidance:g}: the network of '{model.config.name}' is told none; "
            "use --guidance"
        )


def _check_noise_levels(model: Model, settings: SamplerSettings) -> None:
    """Raises SfumatoError for a spacing that the model does not have, and for a start above all that it knows."""
    config = model.config
    if config.takes_prompts:
        assert model.pretrained is not None, "it takes prompts"
        known = (*SCHEDULES, *model.pretrained.spacing.names)
        if settings.schedule not in known:
            raise SfumatoError(
                f"schedule '{settings.schedule}': the family of '{config.name}' has no such spacing; "
                f"choose one of {', '.join(known)}"
            )
        _check_bounds(model, settings)
        return
    if settings.schedule not in SCHEDULES:
        raise SfumatoError(
            f"schedule '{settings.schedule}': is one of pre-trained models, and '{config.name}' is none; "
            f"choose one of {', '.join(SCHEDULES)}"
        )
    most = max(USUAL_HIGHEST_SIGMA, config.generation.sigma_max)
    if settings.sigma_max > most:
        raise SfumatoError(
            f"sigma_max {settings.sigma_max:g}: the model '{config.name}' begins with {most:,.0f} at most; "
            f"its own is {config.generation.sigma_max:g}"
        )


def _check_bounds(model: Model, settings: SamplerSettings) -> None:
    """Raises SfumatoError for a first or last noise level that a pre-trained model does not know, or that the family's
    own spacing would pass over. Where a part of a picture is made anew, the first level may be what suits that."""
    own, suited = model.config.generation, filled_from(model.config)
    others = settings.sigma_min != own.sigma_min or settings.sigma_max not in (own.sigma_max, suited)
    if others and settings.schedule not in SCHEDULES:
        raise SfumatoError(
            f"sigma_min and sigma_max: schedule '{settings.schedule}' goes through the noise levels of its family: "
            f"leave them out, or choose {', '.join(SCHEDULES)}"
        )
    if settings.sigma_max > own.sigma_max:
        raise SfumatoError(
            f"sigma_max {settings.sigma_max:g}: the model '{model.config.name}' knows noise up to {own.sigma_max:g}; "
            "choose no more than that"
        )


def check_subject(model: Model, request: Request, prompts: Prompts | None = None) -> None:
    """Raises SfumatoError where the model is asked in words and reads none, or for a class and has none, and where the
    words were not kept. prompts: that take the place of the request's own."""
    config = model.config
    _check_not_withheld(request.withheld or Withheld())
    if config.takes_prompts and request.label is not None:
        raise SfumatoError(
            f"class '{request.label}': the model '{config.name}' has no classes, but reads text; "
            "say what to make with --prompt"
        )
    asked = request.prompt if prompts is None else prompts.texts[0]
    if asked is None or config.takes_prompts:
        return
    classes = f"ask for one of its classes with --class: {listed_classes(config)}"
    remedy = classes if config.classes else "it has no classes either, so leave the prompt out"
    raise SfumatoError(f"prompt '{shortened(printable(asked), 60)}': the model '{config.name}' reads no text; {remedy}")


def _check_not_withheld(withheld: Withheld) -> None:
    for name, digest in withheld.model_dump(exclude_none=True).items():
        remedy = f"say what it was with 'sfumato again WORK --{name}'"
        if name == "source":  # it decides the noise that the work began with
            remedy = "edit the picture anew with 'sfumato reimagine --edit --from'"
        raise SfumatoError(
            f"the work's file holds the SHA-256 of its {name} alone ({digest[:10]}), as a policy had it; {remedy}"
        )


def check_prompts(policy: Policy, prompts: Iterable[str]) -> None:
    """Raises SfumatoError where the policy does not allow one of them. prompts: as recipes have them."""
    for prompt in dict.fromkeys(prompts):
        policy.check_prompt(spoken(prompt))


def _fitting(model: Model, canvas: Canvas) -> dict[str, float]:
    """What makes a part of a picture fit the rest, unless it is asked for otherwise."""
    # Measured: sharpness makes the new part rougher than the kept one; fresh noise helps it to fit. And where
    # it has the kept one's light and colour to begin with, it takes no more noise than leaves the composition open, of
    # which larger pictures bear more.
    begun = {"sigma_max": filled_from(model.config)} if canvas.strength == 1 else {}
    return {"sharpness": 0.0, "noise_high": USUAL_HIGHEST_SIGMA, "detail_below": 0.0, **begun}


def check_generates(model: Model, settings: SamplerSettings, canvas: Canvas, steering: Steering) -> None:
    """Raises SfumatoError for a model that makes no pictures of its own, or none in this way."""
    config, name, own = model.config, model.config.name, model.config.usual
    if config.begins_with == "picture" and not isinstance(canvas.edit, Reconstruct):
        raise SfumatoError(
            f"the model '{name}' is an autoencoder: it makes a picture that it is shown again, and none of its own; "
            "show it one with 'sfumato reimagine'"
        )
    if config.enlarges and canvas.reference is None:
        raise SfumatoError(
            f"the model '{name}' is an upscaler: it enlarges a picture, and makes none of its own; "
            "show it one with 'sfumato upscale', or name it with 'sfumato generate MODEL --upscale'"
        )
    open_ones: dict[str, str] = {"precision": settings.precision}
    if settings.sampler in DISTILLED:
        open_ones["sampler"] = settings.sampler
    if config.is_distilled and settings != own.model_copy(update=open_ones):
        raise SfumatoError(
            f"the model '{name}' was distilled: it samples in {counted(own.steps, 'step')} by "
            f"{' or '.join(DISTILLED)}, with its guidance built in, and in no other way; for other settings use the "
            "model it was distilled from"
        )
    if isinstance(canvas.edit, Reconstruct) or not config.is_direct:
        return
    if settings.steps > 1:
        raise SfumatoError(
            f"the model '{name}' is a GAN, which answers in one step, and {settings.steps} were asked for"
        )
    if steering != NOT_STEERED or canvas.picture is not None or not canvas.is_one_picture(config):
        raise SfumatoError(
            f"the model '{name}' is a GAN: it makes pictures of its own size from noise alone, and "
            "cannot be steered or take one up; make works with 'sfumato generate'"
        )


def check_allowed(
    policy: Policy,
    model: Model,
    settings: SamplerSettings,
    canvas: Canvas,
    *,
    label: str | None = None,
    negative: str | None = None,
) -> None:
    """Raises SfumatoError for a size, a class or a guidance that the policy does not allow, for classes that the model
    does not have, and for a class to lead away from where no guidance does so."""
    classes = model.config.classes
    policy.check_size(canvas.width, canvas.height)
    if label is not None:
        policy.check_classes([classes[index] for index in class_mixture(label, model.config)])
    elif model.config.begins_with == "noise":  # what a model is shown has no class
        policy.allowed_classes(classes)
    unwanted = None
    if negative is not None:
        words = model.config.takes_prompts
        unwanted = negative if words else classes[class_index(negative, model.config, role="negative class")]
    if unwanted is not None and settings.guidance == 1:
        what = "negative" if model.config.takes_prompts else "negative class"
        raise SfumatoError(
            f"{what} '{negative}': it is guidance that leads away from it, and it is 1, which is none; choose 1.5 to 3"
        )
    if settings.guidance >= 1 or effective_guidance(model, settings, negative=negative is not None) == "none":
        return
    # Below 1 guidance leads towards what it should lead away from: the negative words or class, or all classes.
    if negative is not None and model.config.takes_prompts:
        policy.check_prompt(negative, said=f"guidance {settings.guidance:g}: below 1 it leads to the negative prompt")
        return
    towards = classes if unwanted is None else (unwanted,)
    if not all(map(policy.allows_class, towards)):
        raise SfumatoError(
            f"guidance {settings.guidance:g}: below 1 it leads to classes that {policy.said} does not allow; "
            "choose 1 or more"
        )
