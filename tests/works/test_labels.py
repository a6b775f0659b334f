"""Names of classes are told apart from the marks between them, with no model and no torch at hand."""

import subprocess
import sys

import pytest

from sfumato.errors import SfumatoError
from sfumato.works.labels import index_of, listed, separated, shares_of, written_name

CLASSES = ("waves", "a,b", "stone")


def test_a_list_is_parted_at_marks_outside_of_names():
    classes = ("a,b", "c;d", "a")
    assert list(separated("a,b;a;c;d", ";", classes)) == ["a,b", "a", "c;d"]
    assert list(separated('a,"x,y",a,b', ",", classes)) == ["a", '"x,y"', "a,b"]
    assert [written_name(name) for name in ("a", "a,b", 'x"y')] == ["a", '"a,b"', '"x""y"']


def test_words_become_shares_of_the_classes_that_are_given():
    assert shares_of("waves:3,stone", CLASSES, "sea") == pytest.approx({0: 0.75, 2: 0.25})
    assert index_of('"a,b"', CLASSES, "sea") == 1


def test_what_is_no_class_is_said_with_the_model_and_its_classes():
    with pytest.raises(SfumatoError, match="class 'sky': the model 'sea' does not know it; its classes: waves"):
        shares_of("sky", CLASSES, "sea")
    assert listed(CLASSES) == 'waves, "a,b", stone'
    assert listed(()) == "none at all"


def test_the_studios_server_reads_them_without_torch():
    program = "import sys, sfumato.works.labels; print('torch' in sys.modules)"
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "False"
