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

CARDONE_2013 = Reference(
    key="Cardone2013",
    authors=("Cardone, G.", "Heymann, J. B.", "Steven, A. C."),
    year=2013,
    title="One number does not fit all: mapping local variations in resolution in cryo-EM "
    "reconstructions",
    journal="Journal of Structural Biology",
    volume="184",
    pages="226–236",
    doi="10.1016/j.jsb.2013.08.002",
)

KUCUKELBIR_2014 = Reference(
    key="Kucukelbir2014",
    authors=("Kucukelbir, A.", "Sigworth, F. J.", "Tagare, H. D."),
    year=2014,
    title="Quantifying the local resolution of cryo-EM density maps",
    journal="Nature Methods",
    volume="11",
    pages="63–65",
    doi="10.1038/nmeth.2727",
)

BENJAMINI_2001 = Reference(
    key="BenjaminiYekutieli2001",
    authors=("Benjamini, Y.", "Yekutieli, D."),
    year=2001,
    title="The control of the false discovery rate in multiple testing under dependency",
    journal="The Annals of Statistics",
    volume="29",
    pages="1165–1188",
    doi="10.1214/aos/1013699998",
)

CHEN_2013 = Reference(
    key="Chen2013",
    authors=(
        "Chen, S.",
        "McMullan, G.",
        "Faruqi, A. R.",
        "Murshudov, G. N.",
        "Short, J. M.",
        "Scheres, S. H. W.",
        "Henderson, R.",
    ),
    year=2013,
    title="High-resolution noise substitution to measure overfitting and validate resolution in 3D "
    "structure determination by single particle electron cryomicroscopy",
    journal="Ultramicroscopy",
    volume="135",
    pages="24–35",
    doi="10.1016/j.ultramic.2013.06.004",
)

PENCZEK_2020 = Reference(
    key="Penczek2020",
    authors=("Penczek, P. A.",),
    year=2020,
    title="Reliable cryo-EM resolution estimation with modified Fourier shell correlation",
    journal="IUCrJ",
    volume="7",
    pages="995–1008",
    doi="10.1107/S2052252520011574",
)

SCHERES_2012 = Reference(
    key="ScheresChen2012",
    authors=("Scheres, S. H. W.", "Chen, S."),
    year=2012,
    title="Prevention of overfitting in cryo-EM structure determination",
    journal="Nature Methods",
    volume="9",
    pages="853–854",
    doi="10.1038/nmeth.2115",
)

STEWART_2004 = Reference(
    key="StewartGrigorieff2004",
    authors=("Stewart, A.", "Grigorieff, N."),
    year=2004,
    title="Noise bias in the refinement of structures derived from single particles",
    journal="Ultramicroscopy",
    volume="102",
    pages="67–84",
    doi="10.1016/j.ultramic.2004.08.008",
)

TAN_2017 = Reference(
    key="Tan2017",
    authors=(
        "Tan, Y. Z.",
        "Baldwin, P. R.",
        "Davis, J. H.",
        "Williamson, J. R.",
        "Potter, C. S.",
        "Carragher, B.",
        "Lyumkis, D.",
    ),
    year=2017,
    title="Addressing preferred specimen orientation in single-particle cryo-EM through tilting",
    journal="Nature Methods",
    volume="14",
    pages="793–796",
    doi="10.1038/nmeth.4347",
)

VILAS_2020 = Reference(
    key="Vilas2020",
    authors=("Vilas, J. L.", "Tagare, H. D.", "Vargas, J.", "Carazo, J. M.", "Sorzano, C. O. S."),
    year=2020,
    title="Measuring local-directional resolution and local anisotropy in cryo-EM maps",
    journal="Nature Communications",
    volume="11",
    pages="55",
    doi="10.1038/s41467-019-13742-w",
)

VILAS_2023 = Reference(
    key="Vilas2023",
    authors=("Vilas, J. L.", "Tagare, H. D."),
    year=2023,
    title="New measures of anisotropy of cryo-EM maps",
    journal="Nature Methods",
    volume="20",
    pages="1021–1024",
    doi="10.1038/s41592-023-01874-3",
)

HEEL_2005 = Reference(
    key="HeelSchatz2005",
    authors=("van Heel, M.", "Schatz, M."),
    year=2005,
    title="Fourier shell correlation threshold criteria",
    journal="Journal of Structural Biology",
    volume="151",
    pages="250–262",
    doi="10.1016/j.jsb.2005.05.009",
)

FRANK_1981 = Reference(
    key="Frank1981",
    authors=("Frank, J.", "Verschoor, A.", "Boublik, M."),
    year=1981,
    title="Computer averaging of electron micrographs of 40S ribosomal subunits",
    journal="Science",
    volume="214",
    pages="1353–1355",
    doi="10.1126/science.7313694",
)

BECKERS_2020 = Reference(
    key="BeckersSachse2020",
    authors=("Beckers, M.", "Sachse, C."),
    year=2020,
    title="Permutation testing of Fourier shell correlation for resolution estimation of cryo-EM "
    "maps",
    journal="Journal of Structural Biology",
    volume="212",
    pages="107579",
    doi="10.1016/j.jsb.2020.107579",
)

VILAS_2018 = Reference(
    key="Vilas2018",
    authors=(
        "Vilas, J. L.",
        "Gómez-Blanco, J.",
        "Conesa, P.",
        "Melero, R.",
        "de la Rosa-Trevín, J. M.",
        "Otón, J.",
        "Cuenca, J.",
        "Marabini, R.",
        "Carazo, J. M.",
        "Vargas, J.",
        "Sorzano, C. O. S.",
    ),
    year=2018,
    title="MonoRes: automatic and accurate estimation of local resolution for electron microscopy "
    "maps",
    journal="Structure",
    volume="26",
    pages="337–344",
    doi="10.1016/j.str.2017.12.018",
)

GUIZAR_2008 = Reference(
    key="GuizarSicairos2008",
    authors=("Guizar-Sicairos, M.", "Thurman, S. T.", "Fienup, J. R."),
    year=2008,
    title="Efficient subpixel image registration algorithms",
    journal="Optics Letters",
    volume="33",
    pages="156–158",
    doi="10.1364/OL.33.000156",
)

WOJDYR_2022 = Reference(
    key="Wojdyr2022",
    authors=("Wojdyr, M.",),
    year=2022,
    title="GEMMI: A library for structural biology",
    journal="Journal of Open Source Software",
    volume="7",
    pages="4200",
    doi="10.21105/joss.04200",
)

AFONINE_2018 = Reference(
    key="Afonine2018",
    authors=(
        "Afonine, P. V.",
        "Klaholz, B. P.",
        "Moriarty, N. W.",
        "Poon, B. K.",
        "Sobolev, O. V.",
        "Terwilliger, T. C.",
        "Adams, P. D.",
        "Urzhumtsev, A.",
    ),
    year=2018,
    title="New tools for the analysis and validation of cryo-EM maps and atomic models",
    journal="Acta Crystallographica D",
    volume="74",
    pages="814–840",
    doi="10.1107/S2059798318009324",
)

JOSEPH_2016 = Reference(
    key="Joseph2016",
    authors=(
        "Joseph, A. P.",
        "Malhotra, S.",
        "Burnley, T.",
        "Wood, C.",
        "Clare, D. K.",
        "Winn, M.",
        "Topf, M.",
    ),
    year=2016,
    title="Refinement of atomic models in high resolution EM reconstructions using Flex-EM and "
    "local assessment",
    journal="Methods",
    volume="100",
    pages="42–49",
    doi="10.1016/j.ymeth.2016.03.007",
)

PINTILIE_2020 = Reference(
    key="Pintilie2020",
    authors=(
        "Pintilie, G.",
        "Zhang, K.",
        "Su, Z.",
        "Li, S.",
        "Schmid, M. F.",
        "Chiu, W.",
    ),
    year=2020,
    title="Measurement of atom resolvability in cryo-EM maps with Q-scores",
    journal="Nature Methods",
    volume="17",
    pages="328–334",
    doi="10.1038/s41592-020-0731-1",
)

PINTILIE_2025 = Reference(
    key="Pintilie2025",
    authors=(
        "Pintilie, G.",
        "Shao, C.",
        "Wang, Z.",
        "Hudson, B. P.",
        "Flatt, J. W.",
        "Schmid, M. F.",
        "Morris, K. L.",
        "Burley, S. K.",
        "Chiu, W.",
    ),
    year=2025,
    title="Q-score as a reliability measure for protein, nucleic acid and small-molecule atomic "
    "coordinate models derived from 3DEM maps",
    journal="Acta Crystallographica D",
    volume="81",
    pages="410–422",
    doi="10.1107/S2059798325005923",
)

BARAD_2015 = Reference(
    key="Barad2015",
    authors=(
        "Barad, B. A.",
        "Echols, N.",
        "Wang, R. Y.-R.",
        "Cheng, Y.",
        "DiMaio, F.",
        "Adams, P. D.",
        "Fraser, J. S.",
    ),
    year=2015,
    title="EMRinger: side chain-directed model and map validation for 3D cryo-electron microscopy",
    journal="Nature Methods",
    volume="12",
    pages="943–946",
    doi="10.1038/nmeth.3541",
)

LAWSON_2021 = Reference(
    key="Lawson2021",
    authors=("Lawson, C. L.", "Kryshtafovych, A.", "Adams, P. D.", "others"),
    year=2021,
    title="Cryo-EM model validation recommendations based on outcomes of the 2019 EMDataResource "
    "challenge",
    journal="Nature Methods",
    volume="18",
    pages="156–164",
    doi="10.1038/s41592-020-01051-w",
)

WILLIAMS_2018 = Reference(
    key="Williams2018",
    authors=(
        "Williams, C. J.",
        "Headd, J. J.",
        "Moriarty, N. W.",
        "Prisant, M. G.",
        "Videau, L. L.",
        "Deis, L. N.",
        "Verma, V.",
        "Keedy, D. A.",
        "Hintze, B. J.",
        "Chen, V. B.",
        "Jain, S.",
        "Lewis, S. M.",
        "Arendall, W. B.",
        "Snoeyink, J.",
        "Adams, P. D.",
        "Lovell, S. C.",
        "Richardson, J. S.",
        "Richardson, D. C.",
    ),
    year=2018,
    title="MolProbity: More and better reference data for improved all-atom structure validation",
    journal="Protein Science",
    volume="27",
    pages="293–315",
    doi="10.1002/pro.3330",
)

LOVELL_2003 = Reference(
    key="Lovell2003",
    authors=(
        "Lovell, S. C.",
        "Davis, I. W.",
        "Arendall, W. B.",
        "de Bakker, P. I. W.",
        "Word, J. M.",
        "Prisant, M. G.",
        "Richardson, J. S.",
        "Richardson, D. C.",
    ),
    year=2003,
    title="Structure validation by Cα geometry: φ, ψ and Cβ deviation",
    journal="Proteins: Structure, Function, and Bioinformatics",
    volume="50",
    pages="437–450",
    doi="10.1002/prot.10286",
)

ENGH_2006 = Reference(
    key="EnghHuber2006",
    authors=("Engh, R. A.", "Huber, R."),
    year=2006,
    title="Structure quality and target parameters",
    journal="International Tables for Crystallography",
    volume="F",
    pages="382–392",
    doi="10.1107/97809553602060000695",
)

WORD_1999 = Reference(
    key="Word1999",
    authors=(
        "Word, J. M.",
        "Lovell, S. C.",
        "LaBean, T. H.",
        "Taylor, H. C.",
        "Zalis, M. E.",
        "Presley, B. K.",
        "Richardson, J. S.",
        "Richardson, D. C.",
    ),
    year=1999,
    title="Visualizing and quantifying molecular goodness-of-fit: small-probe contact dots with "
    "explicit hydrogen atoms",
    journal="Journal of Molecular Biology",
    volume="285",
    pages="1711–1733",
    doi="10.1006/jmbi.1998.2400",
)

ROSEMAN_2003 = Reference(
    key="Roseman2003",
    authors=("Roseman, A. M.",),
    year=2003,
    title="Particle finding in electron micrographs using a fast local correlation algorithm",
    journal="Ultramicroscopy",
    volume="94",
    pages="225–236",
    doi="10.1016/S0304-3991(02)00333-9",
)
