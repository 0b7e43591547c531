"""The four official clients that one installation of pyatlan holds, behind one set of names.

pyatlan ships two generations side by side: `pyatlan` (pydantic models, `create` and `update`) and
`pyatlan_v9` (msgspec models, `creator` and `updater`). Each has a sync and an async client.
"""

from __future__ import annotations

import inspect
from dataclasses import dataclass
from importlib import import_module
from typing import Any, List

from traffic import Traffic


@dataclass(frozen=True)
class Flavour:
    """One of the four clients, with the models that belong to it."""

    name: str
    client_class: type
    group: Any
    user: Any
    is_async: bool
    is_v9: bool


def load_flavours() -> List[Flavour]:
    flavours = []
    for package, prefix in (("pyatlan", ""), ("pyatlan_v9", "v9-")):
        group = import_module(f"{package}.model.group")
        user = import_module(f"{package}.model.user")
        for module, class_name, is_async in (("client.atlan", "AtlanClient", False), ("client.aio", "AsyncAtlanClient", True)):
            client_class = getattr(import_module(f"{package}.{module}"), class_name)
            name = prefix + ("async" if is_async else "sync")
            flavours.append(Flavour(name, client_class, group, user, is_async, is_v9=bool(prefix)))
    return flavours


class Client:
    """An official client, unmodified, whose traffic is watched."""

    def __init__(self, flavour: Flavour, base_url: str, **credentials: str):
        self.flavour = flavour
        self.base_url = base_url
        self.opened: List[Client] = [self]
        self.sdk = flavour.client_class(base_url=base_url, **credentials)
        self.traffic = Traffic()
        self.traffic.watch(self.sdk)

    def connect(self, **credentials: str) -> Client:
        """A second client of the same flavour with credentials of its own; closed with this one."""
        other = Client(self.flavour, self.base_url, **credentials)
        other.opened = self.opened
        self.opened.append(other)
        return other

    async def close(self) -> None:
        if self.flavour.is_async:
            await self.sdk.aclose()
        else:
            self.sdk._session.close()

    # The two verbs that the generations spell differently.

    async def create(self, part: Any, *args: Any, **named: Any) -> Any:
        return await settled(verb(part, "creator", "create")(*args, **named))

    async def update(self, part: Any, *args: Any, **named: Any) -> Any:
        return await settled(verb(part, "updater", "update")(*args, **named))

    def new_group(self, alias: str) -> Any:
        return verb(self.flavour.group.AtlanGroup, "creator", "create")(alias)

    def new_user(self, email: str, role_name: str) -> Any:
        return verb(self.flavour.user.AtlanUser, "creator", "create")(email, role_name)

    def user_to_change(self, user_id: str) -> Any:
        return verb(self.flavour.user.AtlanUser, "updater", "create_for_modification")(user_id)


def verb(part: Any, v9_name: str, name: str) -> Any:
    return getattr(part, v9_name, None) or getattr(part, name)


async def settled(value: Any) -> Any:
    """The value of a call to either kind of client."""
    return await value if inspect.isawaitable(value) else value


async def rows_of(response: Any) -> List[Any]:
    """Every row, by the client's own iteration over all pages."""
    if hasattr(response, "__aiter__"):
        return [row async for row in response]
    return [row for row in response]


async def pages_of(response: Any) -> List[List[Any]]:
    """Every page up to and including the empty one that ends the list."""
    pages = [list(response.current_page() or [])]
    while await settled(response.next_page()):
        pages.append(list(response.current_page()))
    pages.append(response.current_page())
    return pages
