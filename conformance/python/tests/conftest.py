"""Fixtures: the workspace, and each of the four official clients in turn."""

from __future__ import annotations

import asyncio
import inspect
import os
from typing import Any, Iterator, Optional

import pytest

# pyatlan takes a proxy and credentials from the environment; neither may decide what is tested here.
for name in list(os.environ):
    if name.lower().endswith("_proxy") or name.startswith("ATLAN_") or name in ("CLIENT_ID", "CLIENT_SECRET"):
        del os.environ[name]

from clients import Client, Flavour, load_flavours  # noqa: E402
from workspace import Workspace  # noqa: E402


def required(name: str) -> str:
    value = os.environ.get(name)
    if not value:
        raise pytest.UsageError(f"{name} is not set; run this suite through run.ts, or give it MUSTER_BASE_URL and MUSTER_TOKEN.")
    return value


@pytest.fixture(scope="session")
def workspace() -> Workspace:
    return Workspace(required("MUSTER_BASE_URL"), required("MUSTER_TOKEN"))


@pytest.fixture(params=load_flavours(), ids=lambda flavour: flavour.name)
def client(request: pytest.FixtureRequest, workspace: Workspace) -> Iterator[Client]:
    """An official client with the admin token; its traffic is checked when the scenario is over."""
    flavour: Flavour = request.param
    yield Client(flavour, workspace.base_url, api_key=workspace.token)


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> Optional[bool]:
    """Runs a scenario to its end in a loop of its own, then holds its traffic against the wire rules."""
    if not inspect.iscoroutinefunction(pyfuncitem.obj):
        return None
    names = inspect.signature(pyfuncitem.obj).parameters
    arguments = {name: pyfuncitem.funcargs[name] for name in names}
    asyncio.run(run_scenario(pyfuncitem.obj, arguments))
    return True


async def run_scenario(scenario: Any, arguments: dict) -> None:
    client: Optional[Client] = arguments.get("client")
    try:
        await scenario(**arguments)
    finally:
        for opened in client.opened if client else []:
            await opened.close()
    for opened in client.opened if client else []:
        opened.traffic.check_wire_rules()
