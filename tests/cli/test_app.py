"""The command line answers at once, and to every mistake with one sentence, exit code 2, and nothing changed."""

import errno
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
import torch
from PIL import Image
from safetensors.torch import load_file, save_file

import sfumato as package
from sfumato.cli import app as module

HEAVY = ("torch", "numpy", "PIL", "pydantic", "huggingface_hub", "safetensors")


@pytest.mark.parametrize(
    "arguments", [["--help"], ["--version"], ["train", "--help"], ["generate", "--help"], ["evaluate", "--help"]]
)
def test_help_is_there_before_anything_heavy_is_imported(arguments):
    program = f"""
import sys
from sfumato.cli.app import main
sys.argv = ["sfumato", *{arguments!r}]
try:
    main()
except SystemExit as end:
    print(end.code or 0, [name for name in {HEAVY!r} if name in sys.modules])
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] in ("0 []", "0 ['pydantic']")  # some versions of typer import it


def test_the_installed_program_says_its_version():
    program = Path(sys.executable).with_name("sfumato")
    if not program.exists():
        pytest.skip("the package is not installed beside this Python")
    done = subprocess.run([program, "--version"], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == f"sfumato {package.__version__}"


def program(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "sfumato", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=True, env={**os.environ, **environment})


def test_it_runs_as_a_module_with_short_names_of_its_options():
    assert program("-V").stdout == f"sfumato {package.__version__}\n"
    said = program("-h").stdout
    assert "Usage: sfumato [OPTIONS] COMMAND" in said
    assert "--install-completion" in said
    assert "--show-completion" in said


def test_every_command_has_the_short_help(sfumato):
    for command in ("generate", "again", "train"):
        answer = sfumato(command, "-h")
        assert answer.code == 0
        assert f"Usage: sfumato {command}" in answer.out


def test_the_shell_completes_commands_and_options():
    script = program("--show-completion", "bash", _TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION="1").stdout
    assert "_SFUMATO_COMPLETE=complete_bash" in script
    asked = {"_SFUMATO_COMPLETE": "complete_bash", "COMP_WORDS": "sfumato gen", "COMP_CWORD": "1"}
    assert program(**asked).stdout.split() == ["generate"]
    asked = {**asked, "COMP_WORDS": "sfumato generate --pal", "COMP_CWORD": "2"}
    assert program(**asked).stdout.split() == ["--palette", "--palette-strength"]


def test_with_no_command_it_says_which_there_are(sfumato):
    answer = sfumato()
    assert answer.code == 0
    assert all(name in answer.out for name in ("collect", "train", "generate", "demo"))


def save_gradient(path: Path, number: int) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.linear_gradient("L").rotate(40 * number).resize((40, 40)).save(path)


@pytest.fixture
def mistakes(here, run, art):
    """Everything that a person could name by mistake, in one working directory."""
    for folder in ("empty", "full", "no-weights", "other-weights", "no-model", "not-a-demo"):
        Path(folder).mkdir()
    Path("file.txt").write_text("hello")
    for number in range(3):
        save_gradient(Path("three") / f"{number}.png", number)
    for name in ("full/0000.png", "full/mine.txt", "not-a-demo/mine.txt", "shown-sheet.png"):
        Path(name).write_bytes(b"mine")
    for folder in ("no-weights", "other-weights"):
        Path(folder, "config.json").write_bytes((run / "model" / "config.json").read_bytes())
    tensors = load_file(run / "model" / "model.safetensors")
    save_file(
        {name: torch.zeros(*tensor.shape, 2) for name, tensor in tensors.items()}, "other-weights/model.safetensors"
    )
    torch.save({"weights": torch.zeros(2)}, "model.pt")
    Path("unknown.toml").write_text("wurst = 3\n")
    Path("broken.toml").write_text("size = = 3\n")
    Path("range.toml").write_text("warmup = 7\n")
    Path("two-times.toml").write_text("steps = 3\nminutes = 3\n")
    Path("odd-size.toml").write_text("size = 36\n")
    Path("run").symlink_to(run)
    Path("art").symlink_to(art)
    with zipfile.ZipFile("notes.zip", "w") as archive:
        archive.writestr("notes.txt", "no pictures")
    return here


MISTAKES = [
    # what was typed, and words of the answer
    ("collect nowhere -o c", "nowhere"),
    ("collect empty -o c", "holds no pictures"),
    ("collect file.txt -o c", "neither a folder nor a zip"),
    ("collect notes.zip -o c", "no picture that can be used"),
    ("collect art -o file.txt", "is a file"),
    ("collect art -o full", "not empty"),
    ("collect art -o art", "folder of pictures itself"),
    ("collect art", "missing option '--output'"),
    ("collect art -o c --background red", "--background 24,20,28"),
    ("collect art -o c --workers 0", "--workers"),
    ("train", "give a folder of art"),
    ("train nowhere -o r", "nowhere: no such folder"),
    ("train empty -o r", "holds no pictures"),
    ("train file.txt -o r", "neither a folder nor a zip"),
    ("train art -o file.txt", "file.txt is a file"),
    ("train art -o file.txt/run", "file.txt"),
    ("train art -o art", "where the pictures are"),
    ("train art -o run", "holds a run already; go on with 'sfumato train --resume -o run'"),
    ("train art -o r --minutes 3 --steps 3", "give one of them"),
    ("train art -o r --minutes 3 --epochs 3", "give one of them"),
    ("train art -o r --minutes 0", "--minutes"),
    ("train art -o r --minutes nan", "--minutes"),
    ("train art -o r --minutes inf", "--minutes"),
    ("train art -o r --epochs inf", "--epochs"),
    ("train art -o r --steps 0", "--steps"),
    ("train art -o r --steps many", "--steps"),
    ("train art -o r --seed seven", "--seed"),
    ("train art -o r --seed -1", "--seed"),
    ("train art -o r --seed 99999999999999999999", "seed"),
    ("train art -o r --size 36", "size 36: a multiple of 8 from 32 to 1024"),
    ("train art -o r --size 16", "--size"),
    ("train art -o r --size 512", "has 0 pictures of 512 pixels or more"),
    ("train art -o r --size 2048", "--size: input should be less than or equal to 1024"),
    ("train art -o r --batch 0", "--batch"),
    ("train art -o r --crop upper", "crop = 'upper'"),
    ("train art -o r --balance luck", "balance = 'luck'"),
    ("train art -o r --preset magic", "preset 'magic': there is none of that name; choose from auto"),
    ("train art -o r --background 300,0,0", "--background 24,20,28"),
    ("train art -o r --device tpu", "device 'tpu': unknown; choose cpu"),
    ("train art -o r --config nowhere.toml", "nowhere.toml: no such file"),
    ("train art -o r --config empty", "cannot be read"),
    ("train art -o r --config broken.toml", "broken.toml: cannot be read as TOML"),
    ("train art -o r --config unknown.toml", "there is no setting 'wurst'; there are adapter, balance, "),
    ("train art -o r --config range.toml", "range.toml: schedule.warmup = 7"),
    ("train art -o r --config two-times.toml", "two-times.toml: 'steps' and 'minutes'"),
    ("train art -o r --config odd-size.toml", "36"),
    ("train art -o r --from nowhere", "nowhere: no such directory"),
    ("train art -o r --from model.pt", "is a pickle, which can run any program when it is opened"),
    ("train art -o r --steps 2 --adapt", "to adapt a model, say which one: --from MODEL --adapt"),
    ("train art -o r --steps 2 --set rank=4", "to adapt a model, say which one: --from MODEL --adapt"),
    ("train art -o r --steps 2 --caption {title}", "are for pre-trained models: --from MODEL --adapt"),
    ("train art -o r --from no-weights", "holds no model.safetensors"),
    ("train art -o r --from other-weights", "do not belong together"),
    ("train art -o r --from run --size 64", "run: its size is 32, not 64"),
    ("train art -o r --from run --preset transformer", "run: its network is a unet of"),
    ("train --resume -o nowhere", "nowhere: is not a run"),
    ("train --resume -o empty", "empty: is not a run"),
    ("train --resume -o file.txt", "file.txt: is a file"),
    ("train art --resume -o run", "leave out art"),
    ("train --resume -o run --size 64", "leave out --size"),
    ("train --resume -o run --epochs 2", "leave out --epochs"),
    ("train --resume -o run --pixel-art", "leave out --pixel-art"),
    ("train --resume -o run --force", "leave out --force"),
    ("train --wurst", "no such option"),
    ("generate run --prompt cat", "prompt 'cat': the model 'run' reads no text; ask for one of its classes with"),
    ("reimagine run picture.png --negative-prompt=cat", "--negative-prompt: is called --negative here"),
    ("generate", "missing argument"),
    ("verify", "missing argument 'FILE...'; 'sfumato verify --help' shows"),
    ("generate nowhere", "nowhere: no such directory"),
    ("generate empty", "holds no config.json"),
    ("generate file.txt", "is a file; give the directory"),
    ("generate model.pt", "is a pickle, which can run any program when it is opened"),
    ("generate no-weights", "holds no model.safetensors"),
    ("generate other-weights", "do not belong together"),
    ("generate run -o w --seed seven", "--seed"),
    ("generate run -o w --seed -1", "--seed"),
    ("generate run -o w --seed 99999999999999999999", "seed"),
    ("generate run -o w -n 0", "--count"),
    ("generate run -o w --class cubism", "class 'cubism': the model 'run' does not know it; its classes: circles"),
    ("generate run -o w --sampler magic", "sampler 'magic'"),
    ("generate run -o w --schedule magic", "schedule 'magic'"),
    ("generate run -o w --steps 0", "--steps"),
    ("generate run -o w --steps 1000000", "--steps: input should be less than or equal to 10000"),
    ("generate run -o w --guidance -2", "--guidance"),
    ("generate run -o w -n 1000000000", "error: -n / --count: input should be less than or equal to 100000"),
    ("generate run -o w --guidance inf", "--guidance: input should be less than or equal to 100"),
    ("generate run -o w --guidance nan", "guidance"),
    ("generate run -o w --guidance-kind magic", "guidance_kind 'magic'"),
    ("generate run -o w --precision float8", "precision 'float8'"),
    ("generate run -o w --device tpu", "device 'tpu': unknown"),
    ("generate run -o w --device cpu:x", "device 'cpu:x': unknown"),
    ("generate run -o w --device cpu:3", "counted from 0"),
    ("generate run -o file.txt", "file.txt is a file"),
    ("generate run -o file.txt/works", "file.txt cannot"),
    ("generate run -o full", "full/0000.png was not made by sfumato"),
    ("generate run -o shown", "shown-sheet.png was not made by sfumato"),
    ("generate run -o not-a-demo", "it holds mine.txt"),
    (f"generate {'x' * 300} -o w", "name too long"),
    (f"generate run -o {'x' * 300}", "name too long"),
    ("demo -o file.txt", "file.txt is a file"),
    ("demo -o full", "full is not empty and is not a demonstration of sfumato"),
    ("demo -o not-a-demo --force", "is not empty and is not a demonstration of sfumato"),
    ("demo -o d --minutes 0", "--minutes"),
    ("demo -o d --minutes nan", "--minutes"),
    ("demo -o d --seed seven", "--seed"),
    ("paint", "no such command 'paint'"),
]


@pytest.mark.parametrize(("typed", "said"), MISTAKES, ids=[typed[:60] for typed, _ in MISTAKES])
def test_a_mistake_is_one_sentence_and_changes_nothing(typed, said, mistakes, sfumato, tree):
    before = tree(mistakes)
    answer = sfumato(*typed.split())
    assert answer.code == 2, answer
    assert said in answer.err
    assert answer.err.startswith("error: ")
    assert answer.err.count("\n") == 1, answer.err
    assert "Traceback" not in answer.err + answer.out
    assert tree(mistakes) == before


def test_three_pictures_are_too_few_for_a_run(mistakes, sfumato, tree):
    before = tree(mistakes)
    answer = sfumato("train", "three", "-o", "r", "--steps", 2)
    assert answer.code == 2
    assert "3 pictures of 32 pixels or more; training needs at least" in answer.err
    assert answer.err.count("\n") == 1
    assert not Path("r/run.json").exists()
    assert before.items() <= tree(mistakes).items()


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
def test_a_gpu_that_is_not_there_is_one_sentence(sfumato, run, here):
    assert "counted from 0" in sfumato("generate", run, "-o", "w", "--device", "cuda:99").err


def raising(error):
    def command(**_):
        raise error

    return lambda named: command


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EACCES, errno.EROFS])
def test_a_full_or_closed_disk_is_one_sentence(number, sfumato, monkeypatch):
    monkeypatch.setattr(module, "application", raising(OSError(number, os.strerror(number), "works/0001.png")))
    answer = sfumato("generate", "run")
    assert answer.code == 2
    said = "the disk is full; make room and run the command again"
    if number != errno.ENOSPC:
        said = f"{os.strerror(number).lower()}; choose another place"
    assert answer.err.lower() == f"error: works/0001.png: {said}\n"


def test_a_fault_of_the_program_keeps_its_traceback(sfumato, monkeypatch):
    for error in (OSError(errno.EBADF, "bad"), ZeroDivisionError()):
        monkeypatch.setattr(module, "application", raising(error))
        with pytest.raises(type(error)):
            sfumato("generate", "run")


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (
            RuntimeError("CUDA out of memory. Tried to allocate 20.00 GiB. GPU 0 has"),
            "the GPU's memory is full: ask for",
        ),
        (RuntimeError("MPS backend out of memory (MPS allocated: 8 GB"), "or compute on the CPU with --device cpu"),
        (RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory: you tried"), "this machine's memory"),
        (MemoryError(), "this machine's memory is full: ask for less at once"),
    ],
)
def test_too_little_memory_is_one_sentence(error, said, sfumato, monkeypatch):
    monkeypatch.setattr(module, "application", raising(error))
    answer = sfumato("train", "art")
    assert answer.code == 2
    assert said in answer.err
    assert answer.err.count("\n") == 1


def test_an_interruption_is_silent(sfumato, monkeypatch):
    monkeypatch.setattr(module, "application", raising(KeyboardInterrupt()))
    answer = sfumato("generate", "run")
    assert (answer.code, answer.err) == (130, "")


def test_a_message_cannot_steer_the_terminal(sfumato, here):
    answer = sfumato("generate", "\x1b[31mred\nname")
    assert answer.code == 2
    assert "\\x1b[31mred\\nname: no such directory" in answer.err


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such pipes")
def test_a_reader_that_leaves_early_is_no_fault():
    program = "import sys; from sfumato.cli.app import main; sys.argv = ['sfumato', '--help']; main()"
    reading, writing = os.pipe()
    os.close(reading)
    done = subprocess.run([sys.executable, "-c", program], stdout=writing, stderr=subprocess.PIPE, check=False)
    os.close(writing)
    assert b"Traceback" not in done.stderr
