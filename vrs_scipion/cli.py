"""The command ``vrs``: validate a map, see a demonstration, rebuild a report, look around."""

from __future__ import annotations

import argparse
import os
import select
import signal
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from vrs_scipion import __version__
from vrs_scipion.files import InputError
from vrs_scipion.running.options import above_zero, positive

if TYPE_CHECKING:
    from vrs_scipion.entry.request import Request
    from vrs_scipion.running.job_queue import Queue

COMPLETE, BROKEN, REFUSED, INCOMPLETE = 0, 1, 2, 3
INTERRUPTED, UNREAD = 130, 141
_DEBUG = "VRS_DEBUG"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line.

    Returns
    -------
    int
        0: the report is complete, whatever its verdict; 1: no report could be made; 2: the input
        was refused and nothing was written; 3: the report is there, but a check could not be
        computed; 130: interrupted; 141: nobody reads what is printed.
    """
    try:
        return _done(sys.argv[1:] if arguments is None else list(arguments))
    finally:
        _forgotten()


def _done(words: list[str]) -> int:
    if not words:
        _parser("").print_help()
        return COMPLETE
    options = _parser(next((w for w in words if w in _COMMANDS), "")).parse_args(words)
    run: Callable[[argparse.Namespace], int] = options.run
    try:
        return run(options)
    except InputError as error:
        return _refuse(str(error))
    except KeyboardInterrupt:
        print("vrs: stopped; the same command goes on where this one ended", file=sys.stderr)
        return INTERRUPTED
    except Exception as error:
        if os.environ.get(_DEBUG):
            raise
        if isinstance(error, BrokenPipeError) and _forgotten():
            return UNREAD
        said = " ".join(f"{type(error).__name__}: {error}".split())
        print(
            f"vrs: this was not foreseen ({said}); {_DEBUG}=1 shows where it happened: please "
            "report it",
            file=sys.stderr,
        )
        return BROKEN


def _forgotten() -> bool:
    """Write out what was printed; where its reader (such as ``head``) is gone, forget it."""
    try:
        sys.stdout.flush()
        gone = _has_no_reader(sys.stdout.fileno())
    except BrokenPipeError:
        gone = True
    except OSError:
        return False
    if gone:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return gone


def _has_no_reader(pipe: int) -> bool:
    """Whether the other end is closed."""
    polled = select.poll()
    polled.register(pipe, 0)
    return any(event & select.POLLERR for _, event in polled.poll(0))


class _Parser(argparse.ArgumentParser):
    """Refuses what it does not understand in one sentence."""

    def error(self, message: str) -> NoReturn:
        print(f"vrs: {message}; {self.prog} --help lists what can be given", file=sys.stderr)
        sys.exit(REFUSED)


def _parser(wanted: str) -> argparse.ArgumentParser:
    """The options of ``wanted``, the command asked for; of the others only what they are for."""
    parser = _Parser(prog="vrs", description="Validate cryo-EM maps and write the report.")
    parser.add_argument("--version", action="version", version=f"vrs_scipion {__version__}")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    for name, (purpose, fill) in _COMMANDS.items():
        command = commands.add_parser(name, help=purpose)
        if name == wanted:
            fill(command)
    return parser


def _fill_validate(parser: argparse.ArgumentParser) -> None:
    from vrs_scipion.emdb import command as emdb_command
    from vrs_scipion.running import field_options

    parser.description = (
        "Validate a map in a Scipion project of its own. The output folder ends with report.pdf, "
        "report.html, report.json and the results. The same command run again goes on where the "
        "last one ended; with more inputs, it adds what they allow."
    )
    field_options.add_arguments(parser)
    _common(parser)
    emdb_command.add_arguments(parser)
    parser.set_defaults(run=_validate)


def _fill_demo(parser: argparse.ArgumentParser) -> None:
    parser.description = "Make a phantom (a bundle of α-helices with noise) and validate it."
    _common(parser)
    parser.set_defaults(run=_demo)


def _fill_batch(parser: argparse.ArgumentParser) -> None:
    from vrs_scipion.batch import command as batch_command
    from vrs_scipion.emdb import command as emdb_command

    parser.description = batch_command.DESCRIPTION
    batch_command.add_arguments(parser)
    _engine_option(parser)
    emdb_command.add_arguments(parser)
    parser.set_defaults(run=_batch)


def _fill_report(parser: argparse.ArgumentParser) -> None:
    parser.description = (
        "Write report.pdf, report.html and report.json again from the results in DIR; nothing is "
        "computed."
    )
    parser.add_argument("folder", type=Path, metavar="DIR", help="folder of a validation")
    _paper_option(parser)
    parser.set_defaults(run=_report)


def _fill_show(parser: argparse.ArgumentParser) -> None:
    parser.description = (
        "Open the window of results on DIR: the output folder of vrs validate, even while that is "
        "at work, or any folder with report.json."
    )
    parser.add_argument(
        "folder", type=Path, metavar="DIR", help="folder with the results, or a map"
    )
    parser.add_argument("--check", default="", metavar="CODE", help="check to begin with, e.g. 0.b")
    parser.set_defaults(run=_show)


def _fill_simulate(parser: argparse.ArgumentParser) -> None:
    from vrs_scipion.simulation import command

    parser.description = command.DESCRIPTION
    command.add_arguments(parser)
    parser.set_defaults(run=command.run)


def _fill_contour(parser: argparse.ArgumentParser) -> None:
    from vrs_scipion.running import contour

    parser.description = contour.DESCRIPTION
    contour.add_arguments(parser)
    parser.set_defaults(run=contour.run)


def _fill_doctor(parser: argparse.ArgumentParser) -> None:
    parser.description = (
        "Say which engines and viewers are here, and how to get the others; of a map, everything "
        "that was read from its header and how it was understood."
    )
    parser.add_argument("map", metavar="MAP", nargs="?", help="a map's file")
    parser.set_defaults(run=_doctor)


_COMMANDS: dict[str, tuple[str, Callable[[argparse.ArgumentParser], None]]] = {
    "validate": ("validate a map", _fill_validate),
    "contour": ("suggest a contour level for a map, and say why", _fill_contour),
    "demo": ("validate a phantom made on the spot", _fill_demo),
    "batch": ("validate the maps of a table", _fill_batch),
    "report": ("write the pages of a finished validation again", _fill_report),
    "show": ("look at the results in a window", _fill_show),
    "simulate": ("a map with known truth", _fill_simulate),
    "doctor": ("what is here, and how to get the rest", _fill_doctor),
}
"""What each command is for, and what declares its options: imported only where it is asked for."""


def _common(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--out", type=Path, metavar="DIR", help="output folder [vrs_ and the map's name]"
    )
    _engine_option(parser)
    parser.add_argument(
        "--threads",
        type=positive,
        metavar="N",
        default=len(os.sched_getaffinity(0)),
        help="checks to run at once [%(default)s]",
    )
    for option, help_ in (("--only", "nothing else than these"), ("--skip", "all but these")):
        parser.add_argument(
            option,
            type=_codes,
            default=(),
            metavar="CODES",
            help=f"{help_}: codes of checks or marks of levels, e.g. 0.b,1",
        )
    parser.add_argument(
        "--memory",
        type=above_zero,
        metavar="GB",
        help="for all checks at once, each of which may take the Nth part; of every job of a "
        "queue [no limit]",
    )
    parser.add_argument(
        "--timeout",
        type=above_zero,
        metavar="S",
        help="seconds that an external program may take [the check's own limit]",
    )
    parser.add_argument(
        "--queue", metavar="NAME", help="send every step to this queue (Slurm) as a job [here]"
    )
    parser.add_argument(
        "--wait", action="store_true", help="wait for another vrs at work in the output folder"
    )
    _paper_option(parser)


def _codes(text: str) -> tuple[str, ...]:
    """Codes of checks or marks of levels, as `checks.levels.selected` takes them."""
    from vrs_scipion.checks.levels import selected

    named = tuple(part.strip() for part in text.split(",") if part.strip())
    try:
        selected((), only=named)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from error
    return named


def _engines(text: str) -> str:
    from vrs_scipion.checks.engines import Engines

    try:
        return str(Engines.named(text))
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from error


def _paper_option(parser: argparse.ArgumentParser) -> None:
    from vrs_scipion.report.folder import A4, PAPERS

    parser.add_argument("--paper", choices=PAPERS, default=A4, help="of the PDF [%(default)s]")


def _engine_option(parser: argparse.ArgumentParser) -> None:
    from vrs_scipion.checks.engines import NAMES
    from vrs_scipion.methods.engine import AUTO

    parser.add_argument(
        "--engine",
        type=_engines,
        metavar="NAMES",
        default=AUTO,
        help=f"what computes the checks that have a choice: {', '.join(NAMES)}. auto takes an "
        "external program where it is really installed, and the built-in engine where that fails; "
        "xmipp and ucm are taken wherever a check has them and they are here; CODE=NAME is for one "
        "check alone, e.g. xmipp,0.e=builtin [%(default)s]",
    )


def _validate(options: argparse.Namespace) -> int:
    from vrs_scipion.emdb import EmdbError, is_accession, normalised
    from vrs_scipion.emdb import command as emdb_command
    from vrs_scipion.emdb.accession import perhaps_meant
    from vrs_scipion.entry.contour import in_map_units
    from vrs_scipion.entry.request import Request
    from vrs_scipion.running import field_options

    given = field_options.given(options)
    try:
        given = emdb_command.with_fetched_model(options, given)
    except EmdbError as error:
        return _refuse(str(error))
    name = str(given.get(field_options.FIRST, ""))
    if not name:
        request = Request.of(**given)
        name = _name_of_halves(request)
    elif is_accession(name) and not Path(name).exists():
        try:
            request = emdb_command.requested(
                options, name, {k: v for k, v in given.items() if k != field_options.FIRST}
            )
        except EmdbError as error:
            return _refuse(str(error))
        if name.upper() != normalised(name):
            print(f"vrs: {name} was read as {normalised(name)}", file=sys.stderr)
        name = normalised(name)
    elif perhaps_meant(name) and not Path(name).exists():
        return _refuse(f"{name}: there is no such file; did you mean {perhaps_meant(name)}?")
    else:
        request = Request.of(**given)
        name = Path(name).name.split(".")[0]
    numbers = in_map_units(request)
    if numbers is not request:
        level, said = numbers.number("contour"), numbers.text("contour_from")
        print(f"vrs: contour level {level:g}: {said}", file=sys.stderr)
    out = options.out or _own_folder(numbers, Path(f"vrs_{name}"), options.engine)
    return _run(numbers, out, options)


def _name_of_halves(request: Request) -> str:
    """What the names of two half maps have in common; refused where they are not given either."""
    from vrs_scipion.entry.read_half_maps import HALF_KEYS, common_name, half_map_paths

    if not any(key in request.values for key in HALF_KEYS):
        options = " and ".join(f"--{key}" for key in HALF_KEYS)
        raise InputError("MAP", f"give a map, an entry such as EMD-3488, or half maps ({options})")
    return common_name([path.name for path in half_map_paths(request)])


def _own_folder(request: Request, out: Path, engine: str) -> Path:
    """The folder, or the first of its numbered ones that no other validation has."""
    from vrs_scipion.running.claim import TakenError, take_up

    number, folder = 1, out
    while True:
        try:
            take_up(request.anchored(), folder.absolute(), engine)
        except TakenError:
            number, folder = number + 1, Path(f"{out}_{number + 1}")
        else:
            return folder


def _batch(options: argparse.Namespace) -> int:
    from vrs_scipion.batch import command as batch_command

    _stop_on_terminate()
    return batch_command.run(options)


def _demo(options: argparse.Namespace) -> int:
    from vrs_scipion.entry.request import Request
    from vrs_scipion.maps.writing import write_volume
    from vrs_scipion.simulation import demo_phantom

    out = options.out or Path("vrs_demo")
    phantom = demo_phantom()
    out.mkdir(parents=True, exist_ok=True)
    path = out / "helix_bundle.mrc"
    write_volume(path, phantom.density.values, phantom.density.voxel_size)
    request = Request.of(
        map=path,
        contour=phantom.contour,
        resolution=phantom.resolution,
        title="Demonstration: a simulated bundle of α-helices",
    )
    return _run(request, out, options)


def _run(request: Request, out: Path, options: argparse.Namespace) -> int:
    from vrs_scipion.checks.engines import Engines
    from vrs_scipion.machine.limits import limit_children
    from vrs_scipion.methods.engine import EngineUnavailableError
    from vrs_scipion.results import Outcome
    from vrs_scipion.running.claim import OutputError
    from vrs_scipion.running.headless import validate
    from vrs_scipion.running.job_queue import QueueError
    from vrs_scipion.running.progress import shown
    from vrs_scipion.running.project_graph import RunError

    _stop_on_terminate()
    at_once = 1 if options.queue else options.threads
    share = options.memory and options.memory / at_once
    limit_children(share, options.timeout)
    try:
        with shown() as observe:
            report = validate(
                request,
                out,
                engine=options.engine,
                threads=options.threads,
                only=options.only,
                skip=options.skip,
                wait=options.wait,
                queue=_queue(request, options),
                paper=options.paper,
                observe=observe,
            )
    except (EngineUnavailableError, OutputError, QueueError) as error:
        return _refuse(str(error))
    except RunError as error:
        print(f"vrs: {error}", file=sys.stderr)
        return BROKEN
    for sentence in report.summary:
        print(sentence)
    engines = Engines.named(options.engine)
    for check in report.checks:
        if engines.missed(check.code, check.engine.name) and check.engine.why_no_other:
            print(f"{check.code}: {check.engine.why_no_other}.")
    print(f"Report: {out / 'report.pdf'}, {out / 'report.html'}, {out / 'report.json'}")
    looks = [one.look for one in report.inputs.values() if one.look is not None]
    failed = any(result.outcome is Outcome.FAILED for result in (*report.checks, *looks))
    return INCOMPLETE if failed else COMPLETE


def _queue(request: Request, options: argparse.Namespace) -> Queue | None:
    """The queue asked for; a job asks for what the map needs, or for the limit that was given."""
    from vrs_scipion.running.job_queue import Queue
    from vrs_scipion.running.memory import needed_gb

    if options.queue is None:
        return None
    first = request.path("map") or request.path("half1")
    memory = options.memory or needed_gb(first or Path())
    return Queue(options.queue, threads=options.threads, memory_gb=memory)


def _report(options: argparse.Namespace) -> int:
    from vrs_scipion.report.build import build_report
    from vrs_scipion.report.write import PdfError

    try:
        build_report(options.folder, paper=options.paper)
    except PdfError as error:
        print(f"vrs: {error}", file=sys.stderr)
        return BROKEN
    except (OSError, ValueError) as error:
        reason = " ".join(str(error).split())
        return _refuse(f"{options.folder} holds no complete validation ({reason})")
    print(f"Report: {options.folder / 'report.pdf'} and .html, .json beside it")
    return COMPLETE


def _show(options: argparse.Namespace) -> int:
    from vrs_scipion.windows import show

    return show.run(options)


def _doctor(options: argparse.Namespace) -> int:
    from vrs_scipion.doctor import examine
    from vrs_scipion.doctor_map import examine_map
    from vrs_scipion.maps.location import location_path

    understood = True
    for finding in examine_map(location_path(options.map)) if options.map else examine():
        understood = understood and (not options.map or finding.here)
        print(finding)
    return COMPLETE if understood else REFUSED


def _stop_on_terminate() -> None:
    """Let SIGTERM end a run as Ctrl-C does: protocols stopped, finished work kept."""

    def interrupt(signum: int, frame: object) -> None:
        raise KeyboardInterrupt

    signal.signal(signal.SIGTERM, interrupt)


def _refuse(reason: str) -> int:
    print(f"vrs: {reason}", file=sys.stderr)
    return REFUSED


if __name__ == "__main__":
    sys.exit(main())
