import pytest

from sfumato.provenance import generators
from sfumato.provenance.mark import COMPOSITE, TRAINED_ALGORITHMIC_MEDIA

TERMS = "http://cv.iptc.org/newscodes/digitalsourcetype/"
SETTINGS = b"a tree\nNegative prompt: dog\nSteps: 20, Sampler: Euler a, CFG scale: 7, Seed: 1, Size: 512x512"


@pytest.mark.parametrize(
    ("term", "is_generated"),
    [
        (TRAINED_ALGORITHMIC_MEDIA, True), (COMPOSITE, True), (f"{TERMS}compositeSynthetic", True),
        ("trainedAlgorithmicMedia", True), (f"{TERMS}algorithmicMedia", False), (f"{TERMS}digitalCreation", False),
        (f"{TERMS}humanEdits", False), (f"{TERMS}composite", False), ("", False),
    ],
)  # fmt: skip
def test_only_what_a_trained_model_made_is_generated(term: str, is_generated: bool) -> None:
    assert bool(list(generators.of_source_type(term, "C2PA"))) is is_generated
    assert bool(list(generators.in_properties({"Iptc4xmpExt:DigitalSourceType": [term]}, "XMP"))) is is_generated


@pytest.mark.parametrize(
    ("keyword", "text", "is_generated"),
    [
        (b"parameters", SETTINGS, True),
        (b"parameters", b'{"prompt": "a tree", "seed": "1", "steps": 30}', True),
        (b"parameters", b"f/2.8, 1/60 s", False),
        (b"prompt", b'{"3": {"class_type": "KSampler", "inputs": {}}}', True),
        (b"prompt", b"what we were asked to draw", False),
        (b"invokeai_metadata", b"{}", True),
        (b"Software", b"NovelAI", True),
        (b"Software", b"GIMP", False),
        (b"Description", SETTINGS, False),
    ],
)
def test_settings_of_other_programs_are_known(keyword: bytes, text: bytes, is_generated: bool) -> None:
    assert bool(list(generators.in_png_text(keyword, text))) is is_generated
