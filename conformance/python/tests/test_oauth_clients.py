"""OAuth clients: their life, and the access tokens that the official client fetches with their secret."""

from __future__ import annotations

import asyncio
import json
import time
from typing import Any, List

import pytest
from clients import Client, rows_of, settled
from pyatlan.errors import NotFoundError
from workspace import Workspace, unique

PERSONAS = ["default/base01", "default/base02"]


async def create(client: Client, role: str = "Admin", **named: Any) -> Any:
    return await client.create(client.sdk.oauth_client, unique("sync"), role, **named)


def sign_in(client: Client, created: Any) -> Client:
    """The same flavour, this time with id and secret instead of a token."""
    return client.connect(oauth_client_id=created.client_id, oauth_client_secret=created.client_secret)


def tokens_fetched(workspace: Workspace, created: Any) -> int:
    """How often the server gave this client an access token."""
    found = workspace.call("GET", "/api/service/events/login", query={"client": created.client_id, "max": 1000})
    return len([event for event in found.expect(200).json if event["type"] == "CLIENT_LOGIN"])


async def test_P25_a_client_keeps_its_values_until_it_is_purged(client: Client) -> None:
    clients = client.sdk.oauth_client

    created = await create(client, description="nightly", persona_qualified_names=PERSONAS)
    assert created.id and created.client_id.startswith("oauth-client-")
    assert created.client_secret
    assert created.description == "nightly"
    assert created.token_expiry_seconds > 0
    assert int(created.created_at) > 0 and created.created_by
    (roles,) = client.traffic.sent("GET", "/roles")
    assert json.loads(roles.query["filter"][0]) == {"$or": [{"level": "workspace"}, {"level": "admin-subrole"}]}
    assert client.traffic.last().body["role"] == "$admin"

    found = await settled(clients.get_by_id(created.client_id))
    assert_same_client(found, created)
    assert found.role == "$admin"
    assert found.updated_at is None

    changed = await client.update(clients, created.client_id, description="weekly")
    assert client.traffic.last().method == "PUT"
    assert_same_client(changed, created, description="weekly")
    assert changed.role == "$admin"
    assert int(changed.updated_at) > 0 and changed.updated_by
    assert_same_client(await settled(clients.get_by_id(created.client_id)), created, description="weekly")

    assert await settled(clients.purge(created.client_id)) is None
    with pytest.raises(NotFoundError):
        await settled(clients.get_by_id(created.client_id))

    shown = [exchange for exchange in client.traffic.exchanges if created.client_secret in str(exchange.answer)]
    assert [(exchange.method, exchange.path) for exchange in shown] == [("POST", "/api/service/oauth-clients")]


def assert_same_client(found: Any, created: Any, description: str = "nightly") -> None:
    for field in ("id", "client_id", "display_name", "token_expiry_seconds", "created_at", "created_by"):
        assert getattr(found, field) == getattr(created, field), field
    assert found.description == description
    assert found.persona_qualified_names == PERSONAS, "personas stay"


async def test_P25_every_client_is_seen_once_page_by_page(client: Client, workspace: Workspace) -> None:
    created: List[str] = [(await create(client, role)).client_id for role in ("Member", "Guest", "admin")]
    for sort in (None, "createdAt"):
        seen = [row.client_id for row in await rows_of(await settled(client.sdk.oauth_client.get(limit=1, sort=sort)))]
        assert len(seen) == len(set(seen)) == len(list(workspace.rows("/api/service/oauth-clients")))
        assert [client_id for client_id in seen if client_id in created] == created, "the oldest first"
    for client_id in created:
        await settled(client.sdk.oauth_client.purge(client_id))


async def test_P25_an_unknown_role_names_those_there_are(client: Client) -> None:
    with pytest.raises(NotFoundError, match="Admin, .*Guest, .*Member"):
        await create(client, "Emperor")
    assert [(exchange.method, exchange.path) for exchange in client.traffic.exchanges] == [("GET", "/api/service/roles")]


async def test_P26_id_and_secret_are_enough_to_call(client: Client, workspace: Workspace) -> None:
    created = await create(client)
    own = sign_in(client, created)

    current = await settled(own.sdk.user.get_current())

    assert current.username == f"service-account-{created.client_id}"
    assert tokens_fetched(workspace, created) == 1
    group = await settled(own.sdk.group.get_by_name(workspace.groups()[0]["alias"]))
    assert group
    await settled(client.sdk.oauth_client.purge(created.client_id))


async def test_P26_a_refused_token_is_replaced_once(client: Client, workspace: Workspace) -> None:
    created = await create(client)
    own = sign_in(client, created)
    await settled(own.sdk.user.get_current())

    believe_alive(own, access_token="moat_" + "x" * 43)
    own.traffic.forget()
    assert (await settled(own.sdk.user.get_current())).username.endswith(created.client_id)

    assert [exchange.status for exchange in own.traffic.exchanges] == [401, 200]
    assert own.traffic.exchanges[0].answer["code"] == 401
    await settled(client.sdk.oauth_client.purge(created.client_id))


@pytest.mark.short_access_tokens
async def test_P26_an_expired_token_is_replaced(client: Client, workspace: Workspace) -> None:
    created = await create(client)
    own = sign_in(client, created)
    await settled(own.sdk.user.get_current())

    # Left alone, the client fetches a new token a minute before the old one ends; here the server has to say so.
    believe_alive(own)
    await asyncio.sleep(created.token_expiry_seconds + 1)
    own.traffic.forget()
    assert (await settled(own.sdk.user.get_current())).username.endswith(created.client_id)

    assert [exchange.status for exchange in own.traffic.exchanges] == [401, 200]
    assert tokens_fetched(workspace, created) == 2
    await settled(client.sdk.oauth_client.purge(created.client_id))


async def test_P26_a_deleted_client_gets_no_further(client: Client) -> None:
    created = await create(client)
    own = sign_in(client, created)
    await settled(own.sdk.user.get_current())
    believe_alive(own)
    await settled(client.sdk.oauth_client.purge(created.client_id))
    own.traffic.forget()

    with pytest.raises(Exception, match="401"):
        await settled(own.sdk.user.get_current())

    assert [exchange.status for exchange in own.traffic.exchanges] == [401], "its token ended with it"


def believe_alive(own: Client, **changes: str) -> None:
    """Lets the client hold on to its token for an hour, whatever the server thinks of it."""
    manager = getattr(own.sdk, "_async_oauth_token_manager", None) or own.sdk._oauth_token_manager
    manager._token.update(expires_at=int(time.time()) + 3600, **changes)
