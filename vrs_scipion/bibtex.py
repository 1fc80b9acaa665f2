"""The papers that the plugin cites, as Scipion reads them: BibTeX in the module's docstring."""

from vrs_scipion.checks.levels import CHECKS
from vrs_scipion.report.prose import REFERENCES
from vrs_scipion.results import Reference

MRC2014 = Reference(
    key="Cheng2015",
    authors=(
        "Cheng, A.",
        "Henderson, R.",
        "Mastronarde, D.",
        "Ludtke, S. J.",
        "Schoenmakers, R. H. M.",
        "Short, J.",
        "Marabini, R.",
        "Dallakyan, S.",
        "Agard, D.",
        "Winn, M.",
    ),
    year=2015,
    title="MRC2014: Extensions to the MRC format header for electron cryo-microscopy and "
    "tomography",
    journal="Journal of Structural Biology",
    volume="192",
    pages="146–150",
    doi="10.1016/j.jsb.2015.04.002",
)
"""Of the import of maps."""

_cited = (MRC2014, *REFERENCES, *(one for check in CHECKS.values() for one in check.references))

__doc__ = "\n".join({one.key: one.bibtex for one in _cited}.values())
