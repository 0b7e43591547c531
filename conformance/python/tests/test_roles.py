"""Roles: how the client turns a role's name into its id."""

from clients import Client, settled
from workspace import Workspace


async def test_P01_a_role_name_becomes_its_id(client: Client, workspace: Workspace) -> None:
    found = await settled(client.sdk.role_cache.get_id_for_name("$admin"))

    assert found == workspace.role_id("$admin")
    (asked,) = client.traffic.sent("GET", "/roles")
    assert asked.query["filter"] == ['{"name":{"$ilike":"$%"}}']
    assert asked.query["limit"] == ["100"]
    names = [role["name"] for role in asked.answer["records"]]
    assert {"$admin", "$member", "$guest"} <= set(names)
    assert all(name.startswith("$") for name in names)
