"""Lists of groups: pages, columns and order."""

from __future__ import annotations

from math import ceil

import pytest
from clients import Client, pages_of, rows_of, settled
from workspace import PAGE_SIZE_MAX, Workspace, unique

DEFAULT_PAGE_SIZE = 20


@pytest.fixture(scope="module", autouse=True)
def several_groups(workspace: Workspace) -> None:
    """Enough groups for more than one page, with names that a database's own collation would order differently."""
    stem = unique("sort")
    for ending in ("_a", "-a", "A", "b", "0", "aB", "ab_"):
        workspace.create_group(stem + ending, name=stem + ending + unique(""))


async def test_P05_pages_hold_exactly_as_many_groups_as_asked(client: Client) -> None:
    first = await settled(client.sdk.group.get_all(limit=0))
    n = first.total_record
    assert n >= 5
    assert first.filter_record == n
    assert len(first.current_page()) == min(n, DEFAULT_PAGE_SIZE)

    limit = min(ceil(n / 5), PAGE_SIZE_MAX)
    response = await settled(client.sdk.group.get_all(limit=limit))
    assert response.total_record == n
    assert response.total_record > limit
    *pages, _ = await pages_of(response)
    assert all(len(page) == limit for page in pages[:-1])
    assert 1 <= len(pages[-1]) <= limit
    ids = [group.id for page in pages for group in page]
    assert len(ids) == len(set(ids)) == n


async def test_P06_one_group_at_a_time_shows_each_once(client: Client, workspace: Workspace) -> None:
    everything = {group["id"] for group in workspace.groups()}

    response = await settled(client.sdk.group.get(limit=1, count=True))
    assert response.total_record == len(everything)
    *pages, end = await pages_of(response)

    assert end == []
    assert response.current_page() == []
    ids = [group.id for page in pages for group in page]
    assert len(ids) == len(set(ids))
    assert set(ids) == everything


async def test_P07_columns_choose_what_a_group_carries(client: Client) -> None:
    narrow = await rows_of(await settled(client.sdk.group.get_all(columns=["path"])))
    assert narrow
    for group in narrow:
        assert group.id and group.name and group.path
        assert group.attributes is None
        assert group.roles is None

    whole = await rows_of(await settled(client.sdk.group.get_all()))
    assert [group.id for group in whole] == [group.id for group in narrow]
    for group in whole:
        assert group.id and group.name and group.path
        assert group.attributes is not None
        assert group.roles is not None


async def test_P08_groups_sort_by_name_as_python_sorts(client: Client) -> None:
    names = [group.name for group in await rows_of(await settled(client.sdk.group.get_all(sort="name")))]
    assert len(names) >= 7
    assert names == sorted(names)
