"""Papers that several checks rest on."""

from __future__ import annotations

from vrs_scipion.results import Reference

KAUR_2021 = Reference(
    key="Kaur2021",
    authors=(
        "Kaur, S.",
        "Gomez-Blanco, J.",
        "Khalifa, A. A. Z.",
        "Adinarayanan, S.",
        "Sanchez-Garcia, R.",
        "Wrapp, D.",
        "McLellan, J. S.",
        "Bui, K. H.",
        "Vargas, J.",
    ),
    year=2021,
    title="Local computational methods to improve the interpretability and analysis of cryo-EM "
    "maps",
    journal="Nature Communications",
    volume="12",
    pages="1240",
    doi="10.1038/s41467-021-21509-5",
)

ROSENTHAL_2003 = Reference(
    key="RosenthalHenderson2003",
    authors=("Rosenthal, P. B.", "Henderson, R."),
    year=2003,
    title="Optimal determination of particle orientation, absolute hand, and contrast loss "
    "in single-particle electron cryomicroscopy",
    journal="Journal of Molecular Biology",
    volume="333",
    pages="721–745",
    doi="10.1016/j.jmb.2003.07.013",
)
