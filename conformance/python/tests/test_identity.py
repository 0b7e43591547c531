"""Who is who: impersonation that is not offered yet, what a caller is, and the caches of names."""

from __future__ import annotations

from typing import Any

import pytest
from clients import Client, settled
from pyatlan.errors import AtlanError, NotFoundError
from workspace import Workspace, unique


def assert_clean_404(client: Client, refusal: AtlanError) -> None:
    """The client wraps the server's error; that one is a plain 404, asked once."""
    assert isinstance(refusal.__cause__, NotFoundError), repr(refusal.__cause__)
    (asked,) = client.traffic.exchanges
    assert asked.status == 404
    assert asked.answer["error"] == "route_not_found"
    assert asked.answer_headers["content-type"].startswith("application/json")


async def test_P23_a_client_secret_is_not_found(client: Client) -> None:
    with pytest.raises(AtlanError) as refusal:
        await settled(client.sdk.impersonate.get_client_secret("5e01c0de-0000-4000-8000-000000000000"))
    assert_clean_404(client, refusal.value)


async def test_P23_a_keycloak_user_is_not_found(client: Client) -> None:
    with pytest.raises(AtlanError) as refusal:
        await settled(client.sdk.impersonate.get_user_id("user01"))
    assert_clean_404(client, refusal.value)


@pytest.mark.needs("from_token_guid")
async def test_P23_a_client_from_a_token_id_is_not_found(client: Client) -> None:
    with pytest.raises(AtlanError) as refusal:
        await settled(client.flavour.client_class.from_token_guid("5e01c0de-0000-4000-8000-000000000000", client.base_url, "some-client", "some-secret"))
    assert isinstance(refusal.value.__cause__, NotFoundError), repr(refusal.value.__cause__)


async def test_P29_an_api_token_is_known_as_one(client: Client) -> None:
    assert await settled(client.sdk.role_cache.is_api_token_user()) is True
    assert len(client.traffic.sent("GET", "/whoami")) == 1

    token = await client.create(client.sdk.token, unique("who"))
    own = client.connect(api_key=token.attributes.access_token)
    assert await settled(own.sdk.role_cache.is_api_token_user()) is True


async def test_P29_an_oauth_client_is_no_api_token_unless_it_is_an_admin(client: Client) -> None:
    for role, expected in (("Member", False), ("Admin", True)):
        created = await client.create(client.sdk.oauth_client, unique(role), role=role)
        own = client.connect(oauth_client_id=created.client_id, oauth_client_secret=created.client_secret)
        assert await settled(own.sdk.role_cache.is_api_token_user()) is expected, role
        await settled(client.sdk.oauth_client.purge(created.client_id))


async def test_P30_a_user_has_a_name_and_an_id(client: Client, workspace: Workspace) -> None:
    user01 = next(user for user in workspace.fixture_users() if user["username"] == "user01")
    cache = client.sdk.user_cache
    assert await settled(cache.get_id_for_name("user01")) == user01["id"]
    assert await settled(cache.get_name_for_id(user01["id"])) == "user01"
    await settled(cache.validate_names([user["username"] for user in workspace.fixture_users()]))

    nobody = unique("nobody")
    assert await settled(cache.get_id_for_name(nobody)) is None
    with pytest.raises(ValueError, match=nobody):
        await settled(cache.validate_names(["user01", nobody]))


async def test_P30_an_api_token_has_a_name_and_an_id(client: Client) -> None:
    token = await client.create(client.sdk.token, unique("named"))
    cache = client.sdk.user_cache
    assert await settled(cache.get_id_for_name(token.username)) == token.guid
    assert await settled(cache.get_name_for_id(token.guid)) == token.username
    await settled(cache.validate_names(["user01", token.username]))

    with pytest.raises(NotFoundError):
        await settled(cache.get_id_for_name("service-account-apikey-00000000-0000-4000-8000-000000000000"))


async def test_P30_token_questions_about_users_give_empty_lists(client: Client, workspace: Workspace) -> None:
    user01 = next(user for user in workspace.fixture_users() if user["username"] == "user01")
    assert await settled(client.sdk.user_cache.get_name_for_id(user01["id"])) == "user01"

    (asked,) = client.traffic.sent("GET", "/apikeys")
    assert asked.query["filter"] == [f'{{"id":"{user01["id"]}"}}']
    assert (asked.status, asked.answer["records"]) == (200, [])
    assert await settled(client.sdk.token.get_by_id("user01")) is None
    assert client.traffic.last().answer["records"] == []
