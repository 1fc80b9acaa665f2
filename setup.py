"""Installs vrs_scipion with pip; the numbers are lower bounds that resolve with Scipion's pins."""

import re
from pathlib import Path

from setuptools import find_namespace_packages, setup

HERE = Path(__file__).parent
PACKAGE = HERE / "vrs_scipion"

# those whose programs are asked for, or will be: their own code says where these are
PLUGINS = [
    "scipion-em-xmipp>=29",
    "scipion-em-chimera>=4",
    "scipion-em-bsoft>=3",
    "scipion-em-resmap>=3",
    "scipion-em-relion>=5",
    "scipion-em-cryosparc2>=5",
    "scipion-em-cryoef>=3",
    "scipion-em-phenix>=3",
    "scipion-em-spoc>=1",
]

setup(
    name="vrs_scipion",
    version=re.search(r'__version__ = "(.+)"', (PACKAGE / "__init__.py").read_text())[1],
    description="Validation of cryo-EM maps in Scipion, with a report for authors and referees",
    long_description=(HERE / "README.rst").read_text(encoding="utf-8"),
    long_description_content_type="text/x-rst",
    license="GPL-3.0-or-later",
    keywords="scipion-3.0 cryoem cryo-em validation map",
    classifiers=[
        "Development Status :: 4 - Beta",
        "Intended Audience :: Science/Research",
        "Programming Language :: Python :: 3.10",
        "Programming Language :: Python :: 3.11",
        "Topic :: Scientific/Engineering",
    ],
    packages=find_namespace_packages(include=["vrs_scipion*"]),
    include_package_data=True,
    package_data={
        "vrs_scipion": [
            "protocols.conf",
            "logo.png",
            "templates/*.template",
            "templates/*.hosts",
            "py.typed",
        ],
        "vrs_scipion.methods": ["weights/*", "tables/*"],
        "vrs_scipion.batch": ["templates/*"],
        "vrs_scipion.report": ["rates.json", "templates/*", "schema/*.json"],
    },
    python_requires=">=3.10,<3.12",
    install_requires=[
        "scipion-em>=3.11",
        "scipion-pyworkflow>=3.11",
        "scipion-app>=3.8",
        "numpy>=1.26",
        "scipy>=1.10",
        "matplotlib>=3.8",
        "contourpy>=1.2",
        "Pillow>=9.2",
        "plotly>=6",
        "mrcfile>=1.4.3",
        "scikit-image>=0.22",
        "gemmi>=0.6.5",
        "onnxruntime>=1.17",
        "psutil>=5.9",
        "pydantic>=2.5",
        "Jinja2>=3.1",
        "typst>=0.13",
        "pyvista>=0.44",
        "vtk>=9.2",
        "rich>=13",
        "requests>=2.28",
        "urllib3>=2.3",
        "platformdirs>=3",
    ],
    extras_require={
        "cluster": ["distributed>=2024.1", "dask-jobqueue>=0.9"],
        "ucm": ["scipion-em-ucm>=1.0"],
        "xmipp": ["scipion-em-xmipp>=29"],
        "window": ["PyQt5>=5.15", "pyvistaqt>=0.11"],
        "training": ["torch>=2.0", "onnx>=1.14", "biopython>=1.81"],
        "test": [
            "scipion-em-ucm>=1.0",
            *PLUGINS,
            "PyQt5>=5.15",
            "pyvistaqt>=0.11",
            "pytest>=8",
            "pytest-qt>=4.4",
            "pytest-xdist>=3.8",
            "hypothesis>=6.90",
            "jsonschema>=4.18",
            "trustme>=1",
            "distributed>=2024.1",
            "ruff>=0.6",
            "mypy>=1.11",
        ],
    },
    entry_points={
        "pyworkflow.plugin": ["vrs_scipion = vrs_scipion"],
        "console_scripts": ["vrs = vrs_scipion.cli:main"],
    },
)
