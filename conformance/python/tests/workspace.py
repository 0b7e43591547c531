"""The workspace under test over plain HTTP: what scenarios prepare and look up beside the official client."""

from __future__ import annotations

import json
import time
import uuid
from dataclasses import dataclass
from typing import Any, Dict, Iterator, List, Optional
from urllib.error import HTTPError
from urllib.parse import parse_qs, urlencode, urlsplit
from urllib.request import HTTPRedirectHandler, ProxyHandler, Request, build_opener

PAGE_SIZE_MAX = 100
# The fixture that run.ts prepares; user01 is the one the contract names.
FIXTURE_USERNAMES = ("user01", "user02", "user03")

Json = Dict[str, Any]


@dataclass(frozen=True)
class Answer:
    status: int
    headers: Any
    text: str

    @property
    def json(self) -> Any:
        return json.loads(self.text)

    def expect(self, status: int) -> Answer:
        assert self.status == status, f"expected {status}, got {self.status}: {self.text}"
        return self


def unique(prefix: str) -> str:
    """A name that no earlier run on the same server has used."""
    return f"{prefix}-{uuid.uuid4().hex[:10]}"


class Unredirected(HTTPRedirectHandler):
    """A redirect is an answer like any other."""

    def redirect_request(self, *_: Any) -> None:
        return None


class Workspace:
    """Plain requests with the admin token; nothing here goes through pyatlan."""

    def __init__(self, base_url: str, token: str):
        self.base_url = base_url.rstrip("/")
        self.token = token
        self._opener = build_opener(ProxyHandler({}))

    def call(self, method: str, path: str, body: Any = None, query: Optional[Json] = None) -> Answer:
        """One request; a 429 is waited out, every other status comes back as it is."""
        url = self.base_url + path + ("?" + urlencode(query) if query else "")
        data = None if body is None else json.dumps(body).encode()
        headers = {"Authorization": f"Bearer {self.token}", "Accept": "application/json"}
        if data is not None:
            headers["Content-Type"] = "application/json"
        while True:
            answer = self._send(Request(url, data=data, headers=headers, method=method))
            if answer.status != 429:
                return answer
            time.sleep(int(answer.headers.get("Retry-After", "1")))

    def _send(self, request: Request) -> Answer:
        try:
            with self._opener.open(request, timeout=60) as response:
                return Answer(response.status, response.headers, response.read().decode())
        except HTTPError as error:
            with error:
                return Answer(error.code, error.headers, error.read().decode())

    def rows(self, path: str, **query: Any) -> Iterator[Json]:
        """Every row of a list, page by page."""
        offset = 0
        while True:
            page = self.call("GET", path, query={**query, "limit": PAGE_SIZE_MAX, "offset": offset}).expect(200).json["records"]
            yield from page
            if len(page) < PAGE_SIZE_MAX:
                return
            offset += PAGE_SIZE_MAX

    def user(self, user_id: str) -> Json:
        return self.call("GET", f"/api/service/users/{user_id}").expect(200).json

    def fixture_users(self) -> List[Json]:
        """The three enabled users with @example.com addresses."""
        users = list(self.rows("/api/service/users", filter=json.dumps({"username": {"$in": list(FIXTURE_USERNAMES)}})))
        assert len(users) == 3, f"the workspace must hold {', '.join(FIXTURE_USERNAMES)}; run.ts prepares them"
        assert all(u["enabled"] and u["email"].endswith("@example.com") for u in users), users
        return users

    def invite(self, email: str) -> str:
        """Id of a freshly invited, still pending member."""
        body = {"users": [{"email": email, "roleName": "$member"}]}
        return self.call("POST", "/api/service/users", body).expect(200).json["createdUsers"][email]

    def add_user(self, username: str, password: str) -> str:
        """Id of a member who has accepted and can sign in."""
        user_id = self.invite(f"{username}@example.com")
        (invitation,) = self.rows("/api/muster/invitations", filter=json.dumps({"userId": user_id}))
        link = self.call("POST", f"/api/muster/invitations/{invitation['id']}/link").expect(200).json["link"]
        (token,) = parse_qs(urlsplit(link).query)["token"]
        body = {"token": token, "username": username, "firstName": "First", "lastName": "Last", "password": password}
        self.call("POST", "/auth/accept-invite", body).expect(200)
        return user_id

    def sign_in(self, username: str, password: str) -> int:
        """The status of the sign-in form: 303 leads on, everything else stays."""
        data = urlencode({"login": username, "password": password}).encode()
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        opener = build_opener(ProxyHandler({}), Unredirected)
        request = Request(f"{self.base_url}/auth/sign-in", data=data, headers=headers, method="POST")
        try:
            with opener.open(request, timeout=60) as response:
                return response.status
        except HTTPError as error:
            with error:
                return error.code

    def create_group(self, alias: str, user_ids: Optional[List[str]] = None, name: Optional[str] = None) -> str:
        group = {"name": name or alias.lower().replace(" ", "_"), "attributes": {"alias": [alias]}}
        return self.call("POST", "/api/service/groups", {"group": group, "users": user_ids or []}).expect(200).json["group"]

    def groups(self) -> List[Json]:
        return list(self.rows("/api/service/groups"))

    def default_group_ids(self) -> List[str]:
        return [g["id"] for g in self.groups() if g["attributes"].get("isDefault") == ["true"]]

    def role_id(self, name: str) -> str:
        return next(r["id"] for r in self.rows("/api/service/roles") if r["name"] == name)

    def mails_to(self, address: str) -> List[Json]:
        """Mails waiting in the outbox for one address; they stay readable there while no SMTP is configured."""
        return [item for item in self.rows("/api/muster/outbox") if address in (item.get("recipient"), item.get("to"))]
