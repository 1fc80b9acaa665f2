"""The command ``vrs``: validate a map, see a demonstration, rebuild a report, look around."""

from __future__ import annotations

import argparse
import os
import signal
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from vrs_scipion import __version__
from vrs_scipion.checks.registry import LEVEL_0
from vrs_scipion.entry.prepare import Request
from vrs_scipion.maps.errors import MapError
from vrs_scipion.methods.engine import AUTO, EngineUnavailableError
from vrs_scipion.simulation import command

COMPLETE, BROKEN, REFUSED, INCOMPLETE = 0, 1, 2, 3
INTERRUPTED = 130


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line.

    Returns
    -------
    int
        0: the report is complete, whatever its verdict; 1: no report could be made; 2: the input
        was refused and nothing was written; 3: the report is there, but a check could not be
        computed; 130: interrupted.
    """
    options = _parser().parse_args(arguments)
    run: Callable[[argparse.Namespace], int] = options.run
    try:
        return run(options)
    except MapError as error:
        return _refuse(str(error))
    except KeyboardInterrupt:
        print("vrs: stopped; the same command goes on where this one ended", file=sys.stderr)
        return INTERRUPTED


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="vrs", description="Validate cryo-EM maps and write the report."
    )
    parser.add_argument("--version", action="version", version=f"vrs_scipion {__version__}")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    validate = commands.add_parser("validate", help="validate a map", description=_VALIDATE)
    validate.add_argument("map", type=Path, metavar="MAP", help="MRC/CCP4 file, plain or gzipped")
    validate.add_argument(
        "--contour", type=float, required=True, metavar="T", help="recommended contour level"
    )
    validate.add_argument("--resolution", type=float, metavar="D", help="reported resolution, Å")
    validate.add_argument("--voxel", type=float, metavar="S", help="voxel size, Å [the header's]")
    validate.add_argument("--title", default="", help="title of the report [the file's name]")
    validate.add_argument(
        "--half-maps", type=Path, nargs=2, default=(), metavar=("H1", "H2"), help="half maps"
    )
    _common(validate)
    validate.set_defaults(run=_validate)

    demo = commands.add_parser(
        "demo",
        help="validate a phantom made on the spot",
        description="Make a phantom (a bundle of α-helices with noise) and validate it.",
    )
    _common(demo)
    demo.set_defaults(run=_demo)

    report = commands.add_parser(
        "report",
        help="write the pages of a finished validation again",
        description="Write report.pdf, report.html and report.json again from the results in DIR; "
        "nothing is computed.",
    )
    report.add_argument("folder", type=Path, metavar="DIR", help="folder of a validation")
    report.set_defaults(run=_report)

    simulation = commands.add_parser(
        "simulate", help="a map with known truth", description=command.DESCRIPTION
    )
    command.add_arguments(simulation)
    simulation.set_defaults(run=command.run)

    doctor = commands.add_parser(
        "doctor",
        help="what is here, and how to get the rest",
        description="Say which engines and viewers are here, and how to get the others.",
    )
    doctor.set_defaults(run=_doctor)
    return parser


_VALIDATE = (
    "Validate a map in a Scipion project of its own. The output folder ends with report.pdf, "
    "report.html, report.json and the results. The same command run again goes on where the last "
    "one ended."
)


def _common(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--out", type=Path, metavar="DIR", help="output folder [vrs_ and the map's name]"
    )
    parser.add_argument(
        "--engine",
        choices=sorted({AUTO, *(name for check in LEVEL_0 for name in check.engines)}),
        default=AUTO,
        help="what computes the checks that have a choice: auto takes an external program where "
        "it is really installed [%(default)s]",
    )
    parser.add_argument(
        "--threads",
        type=_positive,
        metavar="N",
        default=len(os.sched_getaffinity(0)),
        help="checks to run at once [%(default)s]",
    )


def _positive(text: str) -> int:
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError("at least 1")
    return value


def _validate(options: argparse.Namespace) -> int:
    request = Request(
        map_path=options.map,
        contour=options.contour,
        resolution=options.resolution,
        voxel_size=options.voxel,
        title=options.title,
        half_maps=tuple(options.half_maps),
    )
    out = options.out or Path(f"vrs_{options.map.name.split('.')[0]}")
    return _run(request, out, options)


def _demo(options: argparse.Namespace) -> int:
    from vrs_scipion.maps.writing import write_volume
    from vrs_scipion.simulation import demo_phantom

    out = options.out or Path("vrs_demo")
    phantom = demo_phantom()
    out.mkdir(parents=True, exist_ok=True)
    path = out / "helix_bundle.mrc"
    write_volume(path, phantom.density.values, phantom.density.voxel_size)
    request = Request(
        map_path=path,
        contour=phantom.contour,
        resolution=phantom.resolution,
        title="Demonstration: a simulated bundle of α-helices",
    )
    return _run(request, out, options)


def _run(request: Request, out: Path, options: argparse.Namespace) -> int:
    from vrs_scipion.headless import OutputError, validate
    from vrs_scipion.progress import shown
    from vrs_scipion.project_graph import RunError
    from vrs_scipion.results import Outcome

    _stop_on_terminate()
    try:
        with shown() as observe:
            report = validate(
                request, out, engine=options.engine, threads=options.threads, observe=observe
            )
    except (EngineUnavailableError, OutputError) as error:
        return _refuse(str(error))
    except RunError as error:
        print(f"vrs: {error}", file=sys.stderr)
        return BROKEN
    for sentence in report.summary:
        print(sentence)
    print(f"Report: {out / 'report.pdf'}, {out / 'report.html'}, {out / 'report.json'}")
    failed = any(check.outcome is Outcome.FAILED for check in report.checks)
    return INCOMPLETE if failed else COMPLETE


def _report(options: argparse.Namespace) -> int:
    from vrs_scipion.report.folder import build_report

    try:
        build_report(options.folder)
    except (FileNotFoundError, NotADirectoryError, ValueError) as error:
        reason = " ".join(str(error).split())
        return _refuse(f"{options.folder} holds no complete validation ({reason})")
    print(f"Report: {options.folder / 'report.pdf'} and .html, .json beside it")
    return COMPLETE


def _doctor(_: argparse.Namespace) -> int:
    from vrs_scipion.doctor import examine

    for finding in examine():
        print(finding)
    return COMPLETE


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
