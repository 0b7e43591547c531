"""Scripts written after the seed documents: plain HTTP, no client."""

from __future__ import annotations

from workspace import Workspace, unique


def test_seed_a_user_is_invited_placed_and_disabled(workspace: Workspace) -> None:
    email = f"{unique('seed')}@example.com"
    answer = workspace.call("POST", "/api/service/users", {"emails": [email], "roleName": "$member"}).expect(200).json
    assert answer["failedUsers"] == {}
    user_id = answer["createdUsers"][email]

    members = f"/api/service/groups/{workspace.create_group(unique('seed team'))}/members"
    for _ in range(2):
        assert workspace.call("POST", members, {"users": [user_id]}).expect(200).json == {"added": [user_id]}
    assert [user["id"] for user in workspace.rows(members)] == [user_id]

    roles = workspace.call("GET", "/api/service/roles").expect(200).json["records"]
    guest = next(role["id"] for role in roles if role["name"] == "$guest")
    assert workspace.call("PUT", f"/api/service/users/{user_id}/roles", {"roles": [guest]}).expect(204).text == ""

    (found,) = find_by_email(workspace, email)
    assert found["id"] == user_id
    assert found["workspaceRole"] == "$guest"
    assert "$guest" in found["roles"]
    assert found["enabled"] is True

    assert workspace.call("POST", f"/api/service/users/{user_id}", {"enabled": False}).expect(200).json["enabled"] is False
    (found,) = find_by_email(workspace, email)
    assert found["enabled"] is False, "disabled, and still there"


def find_by_email(workspace: Workspace, email: str) -> list:
    return workspace.call("GET", "/api/service/users", query={"filter": f'email eq "{email}"'}).expect(200).json["records"]


def test_seed_a_user_is_not_deleted_by_rest(workspace: Workspace) -> None:
    user_id = workspace.invite(f"{unique('stays')}@example.com")
    refused = workspace.call("DELETE", f"/api/service/users/{user_id}").expect(405)
    assert refused.headers["Allow"]
    assert "DELETE" not in refused.headers["Allow"]
    assert refused.json["code"] == 405
    assert workspace.user(user_id)["id"] == user_id


def test_seed_pages_end_at_total_record(workspace: Workspace) -> None:
    seen, total = [], 1
    while len(seen) < total:
        page = workspace.call("GET", "/api/service/users", query={"limit": 2, "offset": len(seen)}).expect(200).json
        total = page["totalRecord"]
        assert len(page["records"]) == min(2, total - len(seen))
        seen += [user["id"] for user in page["records"]]
    assert len(seen) == len(set(seen)) == total
    beyond = workspace.call("GET", "/api/service/users", query={"limit": 2, "offset": total}).expect(200).json
    assert beyond["records"] == []


def test_seed_a_page_above_the_maximum_is_refused(workspace: Workspace) -> None:
    assert len(workspace.call("GET", "/api/service/users", query={"limit": 100}).expect(200).json["records"]) >= 3
    refused = workspace.call("GET", "/api/service/users", query={"limit": 101}).expect(400).json
    assert refused["error"] == "limit_too_large"
    assert "100" in refused["message"]
