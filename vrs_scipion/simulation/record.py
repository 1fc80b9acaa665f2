"""What the settings of a simulation and its record have in common."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, ValidationError


class Parameters(BaseModel):
    """Frozen values that go to JSON and come back the same; unknown names are refused."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", allow_inf_nan=False, populate_by_name=True
    )


def first_problem(error: ValidationError) -> str:
    """The first thing that is wrong with the values, as a sentence without its full stop."""
    found = error.errors()[0]
    where = ".".join(str(part) for part in found["loc"])
    message = found["msg"].removeprefix("Value error, ")
    return f"{where}: {message}" if where else message
