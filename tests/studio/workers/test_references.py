"""What a mask shows as new is what its sender means by it."""

import numpy as np
import pytest
from PIL import Image

from sfumato.studio.jobs.specs import Inpaint, Uploaded

SIDE = 40


def half(left: tuple[int, ...], right: tuple[int, ...], mode: str) -> Image.Image:
    mask = Image.new(mode, (SIDE, SIDE), right)
    mask.paste(left, (0, 0, SIDE // 2, SIDE))
    return mask


CLEAR, WHITE, BLACK = (255, 255, 255, 0), (255, 255, 255, 255), (0, 0, 0, 255)


@pytest.mark.parametrize(
    ("anew", "mask"),
    [
        ("white", half(WHITE, BLACK, "RGBA")),
        ("black", half(BLACK, WHITE, "RGBA")),
        ("transparent", half(CLEAR, WHITE, "RGBA")),  # as OpenAI's clients send it: paint is what stays
        ("transparent", half(CLEAR, BLACK, "RGBA")),
        ("transparent", half(WHITE[:3], BLACK[:3], "RGB")),  # nothing is transparent in it
    ],
)
def test_the_left_half_is_made_anew_and_the_right_one_stays(filled, anew, mask):
    generator = np.random.default_rng(0)
    picture = Image.fromarray(generator.integers(0, 256, (SIDE, SIDE, 3), np.uint8), "RGB")
    upload = filled.upload(picture=picture, mask=mask)
    asked = {"steps": 2, "seed": 1}
    named = {"picture": Uploaded(upload=upload), "mask": Uploaded(upload=upload, file=1)}
    job = filled.done(Inpaint(model="tiny", asked=asked, anew=anew, **named))
    assert job.state == "finished", job.reason
    (work,) = filled.works(job)
    before = np.asarray(picture)
    after = np.asarray(Image.open(filled.gallery.path_of(work)).convert("RGB"))
    assert (after[:, SIDE // 2 :] == before[:, SIDE // 2 :]).all()
    assert (after[:, : SIDE // 2] != before[:, : SIDE // 2]).mean() > 0.5
