"""What really went over the wire, seen below the client's own repeats."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, Dict, List, Optional
from urllib.parse import parse_qs

import httpx

# pyatlan repeats these up to five times, POST included, and a 429 too: that one is honest when the suite is too fast.
REPEATED_STATUSES = {302, 403, 500, 502, 503, 504}
RATE_LIMITED = 429
ENVELOPE_KEYS = {"totalRecord", "filterRecord", "count", "records"}
RESERVED_ERROR_KEYS = {"errorCode", "errorId", "errorMessage", "errorCause", "causes", "doc", "errorDoc", "error_description"}


@dataclass(frozen=True)
class Exchange:
    method: str
    path: str
    query: Dict[str, List[str]]
    headers: httpx.Headers
    body: Any
    status: int
    answer_headers: httpx.Headers
    answer: Any

    def __str__(self) -> str:
        return f"{self.method} {self.path} {self.query or ''} {self.body or ''} -> {self.status} {self.answer}"


class Traffic:
    """Every exchange of one client, repeats included, in order; what was merely put off for later is kept apart."""

    def __init__(self) -> None:
        self.exchanges: List[Exchange] = []
        self.rate_limited: List[Exchange] = []

    def watch(self, sdk: Any) -> None:
        """Hooks into the transport beneath the retrying one, so that each attempt is counted by itself."""
        session = getattr(sdk, "_async_session", None) or sdk._session
        wire = session._transport._transport
        if hasattr(wire, "handle_async_request"):
            send_async = wire.handle_async_request

            async def handle_async_request(request: httpx.Request) -> httpx.Response:
                response = await send_async(request)
                response.request = request
                await response.aread()
                self._keep(read_exchange(request, response))
                return response

            wire.handle_async_request = handle_async_request
        else:
            send = wire.handle_request

            def handle_request(request: httpx.Request) -> httpx.Response:
                response = send(request)
                response.request = request
                response.read()
                self._keep(read_exchange(request, response))
                return response

            wire.handle_request = handle_request

    def _keep(self, exchange: Exchange) -> None:
        (self.rate_limited if exchange.status == RATE_LIMITED else self.exchanges).append(exchange)

    def sent(self, method: str, path: str) -> List[Exchange]:
        """Exchanges with this verb and this path below /api/service."""
        return [e for e in self.exchanges if e.method == method and e.path == f"/api/service{path}"]

    def last(self) -> Exchange:
        assert self.exchanges, "the client sent nothing"
        return self.exchanges[-1]

    def forget(self) -> None:
        self.exchanges.clear()

    def check_wire_rules(self) -> None:
        """Section 1, rules 1 to 4, 6 and 7, on everything this client has seen."""
        for exchange in self.exchanges + self.rate_limited:
            broken = broken_rule(exchange)
            assert broken is None, f"{broken}\n  {exchange}"


def read_exchange(request: httpx.Request, response: httpx.Response) -> Exchange:
    return Exchange(
        method=request.method,
        path=request.url.path,
        query=parse_qs(request.url.query.decode(), keep_blank_values=True),
        headers=request.headers,
        body=read_body(request.content),
        status=response.status_code,
        answer_headers=response.headers,
        answer=read_body(response.content),
    )


def read_body(content: bytes) -> Any:
    """The JSON of a body, its text where it is not JSON, None where it is empty."""
    if not content:
        return None
    try:
        return json.loads(content)
    except ValueError:
        return content.decode(errors="replace")


def broken_rule(exchange: Exchange) -> Optional[str]:
    answer = exchange.answer
    if exchange.status in REPEATED_STATUSES:
        return f"rule 7: the client repeats a {exchange.status}"
    if exchange.status < 400:
        if exchange.status != 200:
            return "rule 1: success is exactly 200"
        if isinstance(answer, str):
            return "rule 2: a body is JSON or empty"
        if isinstance(answer, dict) and "records" in answer:
            return broken_envelope(answer, counted=exchange.query.get("count", ["true"])[0].lower() != "false")
        return None
    if not isinstance(answer, dict) or not isinstance(answer.get("message"), str) or not answer["message"]:
        return "rule 6: an error is an object with a message"
    if answer.get("code") != exchange.status or answer.get("status") != exchange.status:
        return "section 3: code and status are the HTTP status"
    if RESERVED_ERROR_KEYS & answer.keys():
        return f"section 3: reserved keys {sorted(RESERVED_ERROR_KEYS & answer.keys())}"
    return None


def broken_envelope(answer: Dict[str, Any], counted: bool) -> Optional[str]:
    if not ENVELOPE_KEYS <= answer.keys():
        return f"rule 3: missing {sorted(ENVELOPE_KEYS - answer.keys())}"
    if not isinstance(answer["records"], list):
        return "rule 3: records is an array"
    if answer["count"] != len(answer["records"]):
        return "rule 4: count is the number of rows in this page"
    if counted and not answer["totalRecord"] >= answer["filterRecord"] >= answer["count"]:
        return "rule 4: totalRecord >= filterRecord >= count"
    if not counted and (answer["totalRecord"], answer["filterRecord"]) != (0, 0):
        return "rule 4: with count=false both totals are 0"
    return None
