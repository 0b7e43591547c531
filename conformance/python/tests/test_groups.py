"""Groups: one group through its life, from creation to purge."""

from __future__ import annotations

import pytest
from clients import Client, rows_of, settled
from pyatlan.errors import ConflictError
from workspace import Workspace, unique


async def create_team(client: Client, alias: str, user_id: str) -> str:
    """P2's call; the id of a group with one member."""
    created = await client.create(client.sdk.group, client.new_group(alias), user_ids=[user_id])
    return created.group


@pytest.fixture(scope="module")
def member_id(workspace: Workspace) -> str:
    return workspace.fixture_users()[0]["id"]


async def test_P02_a_group_is_created_with_a_member(client: Client, member_id: str) -> None:
    alias = unique("team-x1")
    created = await client.create(client.sdk.group, client.new_group(alias), user_ids=[member_id])

    assert isinstance(created.group, str) and created.group
    assert list(created.users) == [member_id]
    assert created.users[member_id].was_successful()
    (sent,) = client.traffic.sent("POST", "/groups")
    assert sent.body["group"]["name"] == alias, "the hyphen reaches the server and is accepted"


async def test_P03_a_new_group_is_found_at_once_by_its_name(client: Client, member_id: str) -> None:
    alias = unique("team-x1")
    group_id = await create_team(client, alias, member_id)

    (group,) = await rows_of(await settled(client.sdk.group.get_by_name(alias)))
    assert group.id == group_id
    assert group.name == alias
    assert group.path == f"/{alias}"
    assert group.attributes is not None
    assert group.attributes.alias == [alias]
    assert group.attributes.description in (None, [], [""])


async def test_P04_a_second_group_of_the_same_name_is_a_conflict(client: Client, member_id: str) -> None:
    alias = unique("team-x1")
    await create_team(client, alias, member_id)
    client.traffic.forget()

    with pytest.raises(ConflictError) as refusal:
        await create_team(client, alias, member_id)

    assert refusal.value.error_code.http_error_code == 409
    answer = client.traffic.last().answer
    assert answer["error"] == "group_exists"
    assert f"conflict 409: {answer['message']}" in str(refusal.value)
    assert len(client.traffic.exchanges) == 1, "a conflict is asked once"
    assert len(await rows_of(await settled(client.sdk.group.get_by_name(alias)))) == 1


async def test_P09_a_description_changes_and_nothing_is_lost(client: Client, member_id: str) -> None:
    alias = unique("Team P9")
    await create_team(client, alias, member_id)
    (group,) = await rows_of(await settled(client.sdk.group.get_by_name(alias)))

    group.attributes.description = ["What the team is for"]
    await client.update(client.sdk.group, group)

    (changed,) = await rows_of(await settled(client.sdk.group.get_by_name(alias)))
    assert changed.id == group.id
    assert changed.attributes.description == ["What the team is for"]
    assert changed.alias == alias
    assert changed.attributes.alias == [alias]
    assert changed.name == group.name
    assert changed.user_count == 1


async def test_P10_members_are_listed(client: Client, member_id: str) -> None:
    group_id = await create_team(client, unique("team"), member_id)

    members = await settled(client.sdk.group.get_members(group_id, client.flavour.user.UserRequest(limit=1)))
    assert members.total_record >= 1
    assert members.filter_record >= 1
    rows = await rows_of(members)
    assert [row.id for row in rows] == [member_id]
    assert rows[0].username
    assert rows[0].enabled is True


async def test_P11_a_removed_member_is_gone(client: Client, member_id: str) -> None:
    group_id = await create_team(client, unique("team"), member_id)

    assert await settled(client.sdk.group.remove_users(group_id, [member_id])) is None

    members = await settled(client.sdk.group.get_members(group_id))
    assert not members.current_page()
    assert await rows_of(members) == []
    assert client.traffic.last().answer["records"] == []


async def test_P12_a_purged_group_is_gone(client: Client, member_id: str) -> None:
    alias = unique("team")
    group_id = await create_team(client, alias, member_id)

    assert await settled(client.sdk.group.purge(group_id)) is None

    assert client.traffic.last().status == 200
    assert await rows_of(await settled(client.sdk.group.get_by_name(alias))) == []
    assert client.traffic.last().answer["records"] == []
