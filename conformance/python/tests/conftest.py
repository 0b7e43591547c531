"""Fixtures: the workspace, and each of the four official clients in turn."""

from __future__ import annotations

import asyncio
import inspect
import os
from typing import Any, Iterator, List, Optional

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


def pytest_collection_modifyitems(config: pytest.Config, items: List[pytest.Item]) -> None:
    """Leaves out what cannot be asked here, so that nothing that could run is ever skipped."""
    kept = [item for item in items if can_run(item)]
    config.hook.pytest_deselected(items=[item for item in items if not can_run(item)])
    items[:] = kept


def can_run(item: pytest.Item) -> bool:
    """Whether the client has the method that is asked for, and access tokens end while one can wait for it."""
    needed = item.get_closest_marker("needs")
    flavour = item.callspec.params["client"] if isinstance(item, pytest.Function) and hasattr(item, "callspec") else None
    if needed is not None and flavour is not None and not hasattr(flavour.client_class, needed.args[0]):
        return False
    return item.get_closest_marker("short_access_tokens") is None or "MUSTER_ACCESS_TOKEN_SECONDS" in os.environ


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
