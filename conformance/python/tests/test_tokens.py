"""API tokens: their life, their expiry, and what is asked about them."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from clients import Client, settled
from pyatlan.errors import AuthenticationError
from workspace import Workspace, unique

EXPIRY_WAIT_SECONDS = 5
FIVE_YEARS_SECONDS = 157_680_000


async def test_P21_a_token_keeps_its_values_until_it_is_purged(client: Client) -> None:
    tokens = client.sdk.token
    name = unique("ci bot")

    created = await client.create(tokens, name)
    assert created.guid
    assert created.display_name == name
    assert created.client_id.startswith("apikey-")
    assert created.username == f"service-account-{created.client_id}"
    assert created.attributes.access_token
    assert created.attributes.access_token_lifespan == FIVE_YEARS_SECONDS
    assert created.attributes.created_at > 0
    assert not (created.attributes.description or "").strip()

    assert_same_token(await settled(tokens.get_by_name(name)), created)
    assert_same_token(await settled(tokens.get_by_id(created.client_id)), created)
    assert_same_token(await settled(tokens.get_by_id(created.username)), created)

    updated = await client.update(tokens, created.guid, name, "Runs the nightly build")
    assert_same_token(updated, created)
    assert updated.attributes.description == "Runs the nightly build"
    found = await settled(tokens.get_by_guid(created.guid))
    assert_same_token(found, created)
    assert found.attributes.description == "Runs the nightly build"

    assert await settled(tokens.purge(created.guid)) is None
    assert await settled(tokens.get_by_guid(created.guid)) is None
    assert await settled(tokens.get_by_name(name)) is None


def assert_same_token(token: Any, created: Any) -> None:
    assert token is not None
    assert (token.guid, token.client_id, token.display_name) == (created.guid, created.client_id, created.display_name)
    for field in ("access_token_lifespan", "created_at", "created_by", "client_id", "display_name"):
        assert getattr(token.attributes, field) == getattr(created.attributes, field), field
    assert token.attributes.persona_qualified_name == set()
    assert token.attributes.access_token is None, "the access token is shown once"


async def test_P22_an_expired_token_is_refused(client: Client) -> None:
    token = await client.create(client.sdk.token, unique("short"), validity_seconds=1)
    await asyncio.sleep(EXPIRY_WAIT_SECONDS)
    late = client.connect(api_key=token.attributes.access_token)

    with pytest.raises(AuthenticationError, match="authentication error 401"):
        await settled(late.sdk.user.get_current())

    assert len(late.traffic.exchanges) == 1, "a 401 is asked once"


async def test_P28_a_token_is_an_actor_of_its_own(client: Client) -> None:
    current = await settled(client.sdk.user.get_current())
    assert current.username.startswith("service-account-apikey-")
    assert current.id

    token = await client.create(client.sdk.token, unique("actor"))
    own = client.connect(api_key=token.attributes.access_token)
    assert (await settled(own.sdk.user.get_current())).username == token.username
