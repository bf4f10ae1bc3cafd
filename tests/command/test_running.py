"""How runs begin and end: usage, exit statuses, closed pipes, Ctrl-C."""

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

import gaussmetrics as gm
from gaussmetrics.command import main
from gaussmetrics.command.arguments import STATUSES, parser
from gaussmetrics.command.stopping import ended

COMMAND = [sys.executable, "-W", "error", "-m", "gaussmetrics"]
PAGE = Path(__file__).parents[2] / "docs" / "how-to" / "command.md"


@pytest.mark.parametrize("name", ["", *STATUSES])
def test_the_help_on_the_page_is_current(name, capsys):
    if name == "validate":
        pytest.skip("is shown by the validation itself")
    with pytest.raises(SystemExit) as stop:
        main([*name.split(), "--help"])
    assert stop.value.code == 0
    shown = capsys.readouterr().out
    prompt = f"$ gaussmetrics {name} --help\n".replace("  ", " ")
    assert f"```\n{prompt}{shown}```\n" in PAGE.read_text(encoding="utf8")


@pytest.mark.parametrize("name", ["compare", "reference", "drift", "fid"])
def test_help_tells_the_exit_statuses(name, capsys):
    with pytest.raises(SystemExit):
        main([name, "--help"])
    words = " ".join(capsys.readouterr().out.split())
    assert f"Exit status: {STATUSES[name]}; 130 interrupted, 141 the reader of the" in words


def test_the_version(capsys):
    with pytest.raises(SystemExit) as stop:
        main(["--version"])
    assert stop.value.code == 0
    assert capsys.readouterr().out == f"gaussmetrics {gm.__version__}\n"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "the following arguments are required: SUBCOMMAND"),
        (["compares"], "invalid choice: 'compares'"),
        (["compare"], "the following arguments are required: TABLE"),
        (["compare", "t.csv", "--level", "2"], "must be between 0 and 1, got '2'"),
        (["compare", "t.csv", "--level", "x"], "must be a number, got 'x'"),
        (["compare", "t.csv", "--seed", "-1"], "must be a whole number from 0 on, got '-1'"),
        (["compare", "t.csv", "--seed", "1.5"], "must be a whole number from 0 on, got '1.5'"),
        (
            ["compare", "t.csv", "--separator", "ab"],
            "must be one character, tab or blanks, got 'ab'",
        ),
        (["compare", "t.csv", "--decimal", ";"], "invalid choice: ';'"),
        (["compare", "t.csv", "--group", "x"], "unrecognized arguments: --group x"),
        (["drift", "r.npz", "t.csv", "--threshold", "-1"], "must not be negative, got '-1'"),
        (["drift", "r.npz", "t.csv", "--threshold", "nan"], "must be a number, got 'nan'"),
        (["fid", "a", "b", "--groups", "1"], "must be 2 at least, got '1'"),
        (["reference", "t.csv"], "the following arguments are required: --output"),
    ],
)
def test_bad_usage(arguments, message, capsys):
    with pytest.raises(SystemExit) as stop:
        main(arguments)
    assert stop.value.code == 2
    assert message in capsys.readouterr().err


def test_separators_have_names():
    read = [parser().parse_args(["compare", "t", "--separator", s]).separator
            for s in ("tab", "blanks", ";")]  # fmt: skip
    assert read == ["\t", r"\s+", ";"]


@pytest.mark.parametrize(
    ("error", "status", "text"),
    [
        (KeyboardInterrupt(), 130, "gaussmetrics: interrupted\n"),
        (BrokenPipeError(), 141, ""),
        (MemoryError(), 2, "gaussmetrics: this does not fit in memory: take fewer columns\n"),
        (
            OSError(28, "No space left on device"),
            2,
            "cannot read or write: No space left on device\n",
        ),
    ],
)
def test_what_stops_a_run(error, status, text, capsys):
    def task():
        raise error

    assert ended("gaussmetrics", task) == status
    said = capsys.readouterr().err
    assert said.endswith(text)
    assert bool(said) == bool(text)


def test_faults_of_our_own_are_not_hidden():
    with pytest.raises(ZeroDivisionError):
        ended("gaussmetrics", lambda: 1 // 0)


def test_validate_is_the_validation(monkeypatch, capsys):
    seen = []
    import gaussmetrics.validation.__main__ as validation

    monkeypatch.setattr(validation, "main", lambda arguments: seen.append(arguments) or 1)
    assert main(["validate", "--quick", "--dataset", "iris"]) == 1
    assert seen == [["--quick", "--dataset", "iris"]]
    assert capsys.readouterr().out == ""


def test_the_script_is_installed():
    text = (Path(__file__).parents[2] / "setup.cfg").read_text(encoding="utf8")
    assert "console_scripts =\n    gaussmetrics = gaussmetrics.command:main\n" in text


def test_a_process_of_its_own(wine, saved):
    path = saved(wine)
    done = subprocess.run([*COMMAND, "compare", str(path), "--by", "cultivar"],
                          capture_output=True, encoding="utf8", check=True,
                          env={**os.environ, "PYTHONIOENCODING": "utf8"})  # fmt: skip
    assert "nearest first" in done.stdout
    assert done.stderr == ""
    done = subprocess.run([*COMMAND, "compare", str(path), "--by", "x"], capture_output=True,
                          encoding="utf8", check=False)  # fmt: skip
    assert done.returncode == 2
    assert done.stderr.startswith("gaussmetrics compare: There is no column 'x'")
    assert done.stderr.count("\n") == 1


def test_a_terminal_without_unicode(wine, saved):
    done = subprocess.run([*COMMAND, "compare", str(saved(wine)), "--by", "cultivar"],
                          capture_output=True, encoding="ascii", check=True,
                          env={**os.environ, "PYTHONIOENCODING": "ascii"})  # fmt: skip
    assert "Barolo ? Barbera" in done.stdout


@pytest.mark.skipif(sys.platform == "win32", reason="pipes of POSIX")
def test_a_closed_pipe_is_quiet(wine, saved):
    reader, writer = os.pipe()
    os.close(reader)
    command = [*COMMAND, "compare", str(saved(wine)), "--by", "cultivar"]
    done = subprocess.run(command, stdout=writer, stderr=subprocess.PIPE, check=False)
    os.close(writer)
    assert (done.returncode, done.stderr) == (141, b"")


@pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
def test_ctrl_c_is_quiet(tmp_path):
    fifo = tmp_path / "rows.csv"
    os.mkfifo(fifo)
    process = subprocess.Popen([*COMMAND, "compare", str(fifo), "--by", "kind"],
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE)  # fmt: skip
    with fifo.open("w") as rows:  # opens when the command reads
        rows.write("a,kind\n")
        rows.flush()
        time.sleep(0.2)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert out == b""
    assert err == b"gaussmetrics compare: interrupted\n"


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs a device that is always full")
def test_a_full_standard_output_is_named(wine, saved):
    command = [*COMMAND, "compare", str(saved(wine)), "--by", "cultivar"]
    with open("/dev/full", "w") as full:
        done = subprocess.run(command, check=False, stdout=full, stderr=subprocess.PIPE, text=True)
    assert done.returncode == 2
    assert done.stderr == "gaussmetrics compare: cannot read or write: No space left on device\n"


def test_nothing_heavy_is_loaded_for_help():
    code = "import sys, gaussmetrics.command as c; c.parser(); print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not {"pandas", "matplotlib", "sklearn", "pyarrow"} & set(done.stdout.split())
    assert re.search("gaussmetrics.command", done.stdout)
