"""Events: what the client reads after a real sign-in and a change."""

import json
from datetime import datetime, timedelta, timezone
from importlib import import_module

from clients import Client, rows_of, settled
from workspace import Workspace, unique

PASSWORD = "conformance of a long sentence"


def days() -> dict:
    """From yesterday to today, as the contract's scenario asks."""
    today = datetime.now(timezone.utc).date()
    return {"date_from": str(today - timedelta(days=1)), "date_to": str(today)}


def models(client: Client) -> tuple:
    package = "pyatlan_v9" if client.flavour.is_v9 else "pyatlan"
    return import_module(f"{package}.model.keycloak_events"), import_module("pyatlan.model.enums")


async def test_P27_a_sign_in_is_read_back_page_by_page(client: Client, workspace: Workspace) -> None:
    events, enums = models(client)
    username = unique("signs-in")
    user_id = workspace.add_user(username, PASSWORD)
    assert workspace.sign_in(username, "not the right one") == 403
    assert workspace.sign_in(username, PASSWORD) == 303

    request = events.KeycloakEventRequest(**days(), types=[enums.KeycloakEventType.LOGIN], size=1)
    found = await rows_of(await settled(client.sdk.admin.get_keycloak_events(request)))

    assert all(event.type == enums.KeycloakEventType.LOGIN for event in found)
    (asked, *_) = client.traffic.sent("GET", "/events/login")
    answered = [event for page in client.traffic.sent("GET", "/events/login") for event in page.answer]
    assert len(found) == len(answered)
    (mine,) = [event for event in answered if event["userId"] == user_id]
    assert (mine["clientId"], mine["realmId"], mine["ipAddress"]) == ("atlan-frontend", "default", "127.0.0.1")
    assert mine["sessionId"]
    # The models of pyatlan_v9 read snake_case alone and leave these empty.
    if not client.flavour.is_v9:
        assert [event.session_id for event in found if event.user_id == user_id] == [mine["sessionId"]]
    assert asked.query["type"][0].endswith("LOGIN")
    assert client.traffic.sent("GET", "/events/login")[-1].answer == [], "an empty page ends the paging"


async def test_P27_failures_and_the_newest_sign_in_of_a_user_are_there(client: Client, workspace: Workspace) -> None:
    events, enums = models(client)
    username = unique("signs-in")
    user_id = workspace.add_user(username, PASSWORD)
    assert workspace.sign_in(username, "not the right one") == 403
    assert workspace.sign_in(username, PASSWORD) == 303

    request = events.KeycloakEventRequest(**days(), types=[enums.KeycloakEventType.LOGIN_ERROR], user_id=user_id)
    failed = await rows_of(await settled(client.sdk.admin.get_keycloak_events(request)))
    assert [event.type for event in failed] == [enums.KeycloakEventType.LOGIN_ERROR]

    query = {"filter": json.dumps({"id": user_id}), "maxLoginEvents": 5}
    (row,) = workspace.call("GET", "/api/service/users", query=query).expect(200).json["records"]
    assert [event["type"] for event in row["loginEvents"]] == ["LOGIN", "LOGIN_ERROR"]
    assert row["lastLoginTime"] == row["loginEvents"][0]["time"]


async def test_P27_a_change_to_a_group_is_read_back(client: Client, workspace: Workspace) -> None:
    events, enums = models(client)
    group_id = workspace.create_group(unique("watched"))

    request = events.AdminEventRequest(
        **days(),
        operation_types=[enums.AdminOperationType.CREATE],
        resource_types=[enums.AdminResourceType.GROUP],
    )
    found = await rows_of(await settled(client.sdk.admin.get_admin_events(request)))

    (asked, *_) = client.traffic.sent("GET", "/events/main")
    answered = [event for page in client.traffic.sent("GET", "/events/main") for event in page.answer]
    assert len(found) == len(answered)
    assert f"groups/{group_id}" in [event["resourcePath"] for event in answered]
    assert asked.query["operationTypes"][0].endswith("CREATE")
