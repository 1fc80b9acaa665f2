"""The names of folders and files: typed here, and nowhere else.

A validation folder is complete in itself::

    entry/KEY/record.json, *.mrc   a prepared input
    looks/KEY/result.json, …       what is to be seen of it
    checks/CODE/result.json, …     what a check found
    report.json, report.html, report.pdf
    residues.csv, model_scores.*   the scores of the atomic model from all checks together
"""

from __future__ import annotations

RECORD_FILE = "record.json"
"""In the folder of a prepared input: what it is."""
RESULT_FILE = "result.json"
"""In the folder of a check or a look: what it found."""
TRACEBACK_FILE = "traceback.txt"
PLOT_SUFFIX = ".plot.json"

JSON_FILE, HTML_FILE, PDF_FILE = "report.json", "report.html", "report.pdf"
REPORT_FILES = (PDF_FILE, HTML_FILE, JSON_FILE)

RESIDUES_FILE, SCORED_MODEL_FILE = "residues.csv", "model_scores.cif"
ATTRIBUTES_FILE, CHIMERAX_FILE = "model_scores.defattr", "model_scores.cxc"
MODEL_FILES = (RESIDUES_FILE, SCORED_MODEL_FILE, ATTRIBUTES_FILE, CHIMERAX_FILE)
"""Beside the report of a model that has scores."""

FOLDERS = ENTRY, LOOKS, CHECKS = "entry", "looks", "checks"

SPECTRA = "spectra"
"""In the folder of prepared half maps: their transforms, kept for the checks alone."""

REQUEST_FILE = "request.json"
DEPOSITION_FILE = "deposition.json"
LOCK_FILE = ".lock"
SCIPION, PROJECT = "scipion", "project"
RUNS = f"{SCIPION}/projects/{PROJECT}/Runs"
DATABASE = f"{SCIPION}/projects/{PROJECT}/project.sqlite"
BOXES_FILE = f"{SCIPION}/boxes.json"
"""Which protocol of the project does what."""

RESULT, REPORT = "result", "report"
"""In a protocol's own folder: what its check found; the report that it compiled."""
