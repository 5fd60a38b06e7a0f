"""What may be written on the command line: commands, their options, and what each says of itself."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Mapping
from typing import Any

from facecluster import defaults
from facecluster._version import __version__
from facecluster.cli import arguments
from facecluster.cli.output import complain, print_text

Command = Callable[[argparse.Namespace], int]


class Parser(argparse.ArgumentParser):
    """argparse, with output that is safe for a terminal and may be cut off."""

    def _print_message(self, message: str, file: Any = None) -> None:
        # argparse's own passes over an output that is full, and repeats what was typed to the terminal as it is.
        if file is sys.stdout:
            print_text(message.rstrip("\n"))
        else:
            for line in message.splitlines():
                complain(line)


def make_parser(commands: Mapping[str, Command], going_on: set[str]) -> Parser:
    """A parser whose options hold the `command` to run, and whether it `goes_on` where an earlier run was stopped."""
    parser = Parser(prog="facecluster", description="Find faces, group them by person, name strangers.")
    parser.add_argument("--version", action="version", version=f"facecluster {__version__}")
    parsers = parser.add_subparsers(required=True, metavar="COMMAND")
    for name, text, add_options in _COMMANDS:
        command = parsers.add_parser(name, help=text, description=text)
        command.add_argument("--gallery", metavar="DIR", help="where the gallery lies (default: $FACECLUSTER_HOME)")
        command.add_argument("--json", action="store_true", help="print one JSON document on standard output")
        command.set_defaults(command=commands[name], goes_on=name in going_on)
        add_options(command)
    return parser


def _index_options(command: argparse.ArgumentParser) -> None:
    command.add_argument("source", metavar="SOURCE")
    command.add_argument(
        "--faces", choices=("largest", "all"), default="largest", help="which faces of a photo to keep"
    )
    command.add_argument(
        "--model", type=arguments.some_text, help="casia-webface, vggface2 or a .pt file (default: the gallery's)"
    )
    command.add_argument(
        "--min-face",
        type=arguments.face_size,
        default=defaults.MIN_FACE_SIZE,
        metavar="PIXELS",
        help=f"smallest face (default: {defaults.MIN_FACE_SIZE})",
    )
    _add_min_score(command)
    command.add_argument(
        "--people-from",
        type=arguments.people_from,
        metavar="FOLDER",
        help="which folder above a photo names its person: first, last, none, or its number from the top; auto guesses "
        "(default: as before, else auto)",
    )


def _delete_options(command: argparse.ArgumentParser) -> None:
    what = command.add_mutually_exclusive_group(required=True)
    what.add_argument("--person", nargs="+", metavar="NAME", help="people with all their photos")
    what.add_argument(
        "--photo", nargs="+", metavar="PATH", help="photos by their paths, as the gallery page shows them"
    )
    what.add_argument(
        "--face", nargs="+", type=int, metavar="ID", help="faces by their numbers, as identify --json names them"
    )
    what.add_argument("--missing", action="store_true", help="photos that are no longer where they were indexed")
    what.add_argument("--all", action="store_true", help="everything")
    command.add_argument("--yes", action="store_true", help="do not ask")


def _cluster_options(command: argparse.ArgumentParser) -> None:
    _add_number_and_seed(command)


def _evaluate_options(command: argparse.ArgumentParser) -> None:
    command.add_argument("--folds", type=arguments.folds, metavar="K", help="identify photos held out in K parts")
    command.add_argument(
        "--leave-people-out",
        type=arguments.people,
        metavar="N",
        help="leave N people out and see who is taken for whom",
    )
    command.add_argument(
        "--groups",
        type=arguments.some_text,
        metavar="CSV",
        help="split figures by the columns beside the column person",
    )
    command.add_argument(
        "--report",
        type=arguments.some_text,
        metavar="FILE",
        help="measure everything and write a report to FILE, which ends in .html, and its figures beside it into one "
        "that ends in .json; only an older report is replaced",
    )
    command.add_argument(
        "--report-faces",
        action="store_true",
        help="with --report: show the wrong and doubtful faces in it",
    )


def _compare_options(command: argparse.ArgumentParser) -> None:
    _add_number_and_seed(command)
    command.add_argument(
        "--groups",
        type=arguments.some_text,
        metavar="CSV",
        help="also accuracy by the columns beside the column person",
    )
    command.add_argument(
        "--apply", type=arguments.some_text, metavar="NAME", help="make this algorithm's clusters the gallery's"
    )


def _identify_options(command: argparse.ArgumentParser) -> None:
    command.add_argument("images", nargs="+", metavar="IMAGE")
    command.add_argument(
        "--model", type=arguments.some_text, metavar="FILE", help="where the gallery's .pt file lies now"
    )
    _add_min_score(command)
    strictness = command.add_mutually_exclusive_group()
    strictness.add_argument(
        "--threshold", type=arguments.similarity, metavar="SIMILARITY", help="default: set by the gallery"
    )
    strictness.add_argument(
        "--fpir", type=arguments.share, default=defaults.FPIR, help="share of strangers named that is accepted"
    )


def _sample_options(command: argparse.ArgumentParser) -> None:
    command.add_argument("folder", metavar="DIR")
    command.add_argument(
        "--portraits", type=arguments.portraits, default=12, metavar="N", help="of each person (default: 12)"
    )
    command.add_argument(
        "--first", type=arguments.portraits, default=1, metavar="N", help="from 13 on: none that the app loads"
    )


def _app_options(command: argparse.ArgumentParser) -> None:
    command.add_argument("--port", type=arguments.port, default=8501, metavar="N", help="default: 8501")
    command.add_argument("--no-browser", action="store_true", help="open no browser window")


def _no_options(command: argparse.ArgumentParser) -> None:
    """For a command that has none of its own."""


def _add_number_and_seed(command: argparse.ArgumentParser) -> None:
    command.add_argument("--clusters", type=arguments.clusters, metavar="N|auto", help="default: the people")
    command.add_argument("--seed", type=arguments.seed, default=0)


def _add_min_score(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--min-score",
        type=arguments.score,
        default=defaults.MIN_SCORE,
        metavar="SCORE",
        help=f"least detection score of a face (default: {defaults.MIN_SCORE})",
    )


_COMMANDS: tuple[tuple[str, str, Callable[[argparse.ArgumentParser], None]], ...] = (
    ("index", "find and embed the faces of a folder, a .zip or kaggle:owner/dataset", _index_options),
    ("delete", "remove people, photos, faces or everything from the gallery; original photos stay", _delete_options),
    ("cluster", "group the faces by person", _cluster_options),
    ("evaluate", "measure how well the clusters fit the persons", _evaluate_options),
    ("compare", "group the faces by every algorithm and compare them", _compare_options),
    ("identify", "tell who is on photos", _identify_options),
    ("sample", "write the drawn sample people as folders of photos", _sample_options),
    ("status", "tell what the gallery holds", _no_options),
    ("app", "serve the dashboard on this machine", _app_options),
)
