"""The part of a form that a check asks for: its limits and its engine."""

from __future__ import annotations

from typing import Any

import pyworkflow.protocol.params as params
from pwem.protocols import EMProtocol
from pyworkflow.protocol.constants import LEVEL_ADVANCED

from vrs_scipion.checks.check import Check
from vrs_scipion.methods.engine import AUTO, EngineUnavailableError, choose


def code_name(check: Check) -> str:
    """The code of a check as part of a parameter's or an output's name."""
    return check.code.replace(".", "")


def limit_parameter(check: Check, key: str) -> str:
    """Name of the form's parameter for a limit, unique among all checks of a form."""
    return f"limit_{code_name(check)}_{key}"


def add_limits(form: Any, check: Check) -> None:
    """Offer every limit of ``check`` as an advanced parameter."""
    for parameter in check.parameters:
        form.addParam(
            limit_parameter(check, parameter.key),
            params.FloatParam,
            default=parameter.default,
            expertLevel=LEVEL_ADVANCED,
            label=parameter.title,
            help=parameter.help,
        )


def given_limits(protocol: EMProtocol, check: Check) -> dict[str, float]:
    """The limits of ``check`` as the form of ``protocol`` has them."""
    return {
        parameter.key: float(getattr(protocol, limit_parameter(check, parameter.key)).get())
        for parameter in check.parameters
    }


def engine_parameter(check: Check) -> str:
    """Name of the form's parameter for the engine of ``check``."""
    return f"engine_{code_name(check)}"


def add_engine(form: Any, check: Check) -> None:
    """Offer the engines of ``check``, where there is a choice."""
    if len(check.engines) > 1:
        form.addParam(
            engine_parameter(check),
            params.EnumParam,
            choices=[AUTO, *check.engines],
            default=0,
            expertLevel=LEVEL_ADVANCED,
            label=f"Engine of {check.code}",
            help="auto takes the external program where it is really installed and fits the map, "
            "else what is built in. The result names which one it was.",
        )


def add_criteria(form: Any, checks: tuple[Check, ...]) -> None:
    """Offer limits and engines of several checks, a group each."""
    form.addSection(label="Criteria")
    for check in checks:
        group = form.addGroup(f"{check.code} {check.name}")
        add_engine(group, check)
        add_limits(group, check)


def choose_engine(protocol: EMProtocol, engine: str) -> None:
    """Ask for ``engine`` in the form of ``protocol``, which runs a check that has it."""
    check: Check = protocol.check
    position = [AUTO, *check.engines].index(engine)
    getattr(protocol, engine_parameter(check)).set(position)


def chosen_engine(protocol: EMProtocol, check: Check) -> str:
    """Name of the engine that the form of ``protocol`` asks for."""
    if len(check.engines) == 1:
        return AUTO
    return [AUTO, *check.engines][int(getattr(protocol, engine_parameter(check)).get())]


def missing_engine(protocol: EMProtocol, check: Check) -> list[str]:
    """Why the engine asked for cannot be used: nothing, or one sentence."""
    asked = chosen_engine(protocol, check)
    try:
        if asked != AUTO:
            choose(asked, lambda: check.external(None))
    except EngineUnavailableError as error:
        return [str(error)]
    return []
