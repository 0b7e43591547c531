"""Group mappings of an identity provider."""

from __future__ import annotations

from typing import Any

import pytest
from clients import Client, settled
from pyatlan.errors import AtlanError, ConflictError, InvalidRequestError, NotFoundError
from workspace import Workspace, unique

ALIAS = "okta"
PATH = f"/idp/{ALIAS}/mappers"


async def group_of(client: Client, workspace: Workspace) -> Any:
    """A group as the client itself reads it."""
    alias = unique("mapped")
    workspace.create_group(alias)
    (found,) = await group_rows(client, alias)
    return found


async def group_rows(client: Client, alias: str) -> Any:
    response = await settled(client.sdk.group.get_by_name(alias))
    return response.records


async def test_P24_a_mapping_is_there_at_once_and_only_once(client: Client, workspace: Workspace) -> None:
    sso = client.sdk.sso
    group = await group_of(client, workspace)
    value = unique("ds-team")

    created = await settled(sso.create_group_mapping(ALIAS, group, value))
    assert created.id
    assert created.name.startswith(f"{group.id}--")
    assert created.identity_provider_mapper == "saml-group-idp-mapper"
    assert created.identity_provider_alias == ALIAS
    assert created.config.attribute_values_regex == "", "the answer repeats what was sent"
    assert_maps(created, group, value)

    client.traffic.forget()
    with pytest.raises(InvalidRequestError, match="SSO group mapping already exists"):
        await settled(sso.create_group_mapping(ALIAS, group, value))
    assert [(sent.method, sent.status) for sent in client.traffic.exchanges] == [("GET", 200)], "the client asks and stops"

    for found in (
        await settled(sso.get_group_mapping(ALIAS, created.id)),
        *[mapper for mapper in await settled(sso.get_all_group_mappings(ALIAS)) if mapper.id == created.id],
    ):
        assert found.name == created.name
        assert_maps(found, group, value)
        assert found.config.attribute_values_regex is None
        assert found.config.attribute_friendly_name is None
    assert len([m for m in await settled(sso.get_all_group_mappings(ALIAS)) if m.id == created.id]) == 1

    other = unique("other-team")
    updated = await settled(sso.update_group_mapping(ALIAS, group, created.id, created.name, other))
    assert (updated.id, updated.name) == (created.id, created.name)
    assert_maps(updated, group, other)
    assert updated.config.attribute_values_regex is None
    assert_maps(await settled(sso.get_group_mapping(ALIAS, created.id)), group, other)

    assert await settled(sso.delete_group_mapping(ALIAS, created.id)) is None
    assert created.id not in [mapper.id for mapper in await settled(sso.get_all_group_mappings(ALIAS))]
    with pytest.raises(NotFoundError):
        await settled(sso.get_group_mapping(ALIAS, created.id))


def assert_maps(mapper: Any, group: Any, value: str) -> None:
    config = mapper.config
    assert (config.group_name, config.attribute_name, config.attribute_value) == (group.name, "memberOf", value)
    assert (config.sync_mode, config.attributes) == ("FORCE", "[]")


async def test_P24_user_attribute_mappers_are_listed_and_left_out_by_the_client(client: Client, workspace: Workspace) -> None:
    config = {"syncMode": "IMPORT", "user.attribute": "firstName", "attribute.name": "givenName"}
    body = {"name": unique("names"), "identityProviderMapper": "saml-user-attribute-idp-mapper", "config": config}
    mapper = workspace.call("POST", f"/api/service{PATH}", {**body, "identityProviderAlias": ALIAS}).expect(200).json

    listed = await settled(client.sdk.sso.get_all_group_mappings(ALIAS))

    assert mapper["id"] in [row["id"] for row in client.traffic.last().answer]
    assert mapper["id"] not in [row.id for row in listed]
    workspace.call("POST", f"/api/service{PATH}/{mapper['id']}/delete").expect(200)


async def test_P24_the_server_refuses_a_pair_of_its_own_accord(client: Client, workspace: Workspace) -> None:
    sso = client.sdk.sso
    group = await group_of(client, workspace)
    first, second = unique("first"), unique("second")
    created = await settled(sso.create_group_mapping(ALIAS, group, first))
    config = {**client.traffic.last().body["config"], "attribute.value": second}
    twin = workspace.call("POST", f"/api/service{PATH}", {**client.traffic.last().body, "config": config}).expect(200).json

    with pytest.raises(ConflictError) as refusal:
        await settled(sso.update_group_mapping(ALIAS, group, twin["id"], twin["name"], first))
    assert client.traffic.last().answer["error"] == "mapping_exists"
    assert isinstance(refusal.value, AtlanError)
    await settled(client.sdk.group.purge(group.id))
    left = [mapper.id for mapper in await settled(sso.get_all_group_mappings(ALIAS))]
    assert created.id not in left and twin["id"] not in left, "a group takes its mappings with it"
