"""One tab of a browser: it opens pages, keeps fragments going at their interval, and notes what it waited for."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Self

from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.proto.NewSession_pb2 import NewSession
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed
from websockets.typing import Origin, Subprotocol

from tests.load.figures import Drawing, Notes
from tests.load.protocol import (
    STREAM_PATH,
    SUBPROTOCOL,
    XSRF_COOKIE,
    MessageCache,
    Place,
    complaint,
    largest_x,
    rerun_request,
)

PATIENCE_SECONDS = 30.0
MAX_MESSAGE_BYTES = 200_000_000

TakeEpoch = Callable[[int, float], None]


@dataclass
class _Request:
    """What was asked and not answered yet. `under_way` says that a drawing for it has begun."""

    fragment: str
    sent_at: float
    under_way: bool = False


@dataclass(frozen=True)
class Visit:
    """What is the same for all tabs of one test: the server, its cookie, and where things are noted."""

    url: str
    xsrf: str
    notes: Notes = field(default_factory=Notes)


class Session:
    """A tab with its connection; use it in an `async with`.

    `every` replaces the interval at which the page wants its fragments drawn again. Widgets are left
    as the page draws them. `take_epoch` gets the newest epoch of every chart that comes, and when it came.
    """

    def __init__(self, visit: Visit, *, every: float | None = None, take_epoch: TakeEpoch | None = None) -> None:
        self._visit = visit
        self._every = every
        self._take_epoch = take_epoch
        self._place = Place(visit.url)
        self._pages: dict[str, str] = {}
        self._cache = MessageCache()
        self._max_age = 0
        self._requests: list[_Request] = []
        self._n_bytes = 0
        self._timers: dict[str, tuple[float, asyncio.Task[None]]] = {}
        self._at_rest = asyncio.Event()
        self._closing = False

    async def __aenter__(self) -> Self:
        """Connect; the cookie goes where the frontend puts it, among the subprotocols."""
        self._socket: ClientConnection = await connect(
            self._visit.url.replace("http", "ws", 1) + STREAM_PATH,
            subprotocols=[Subprotocol(SUBPROTOCOL), Subprotocol(self._visit.xsrf)],
            origin=Origin(self._visit.url),
            additional_headers={"Cookie": f"{XSRF_COOKIE}={self._visit.xsrf}"},
            max_size=MAX_MESSAGE_BYTES,
            ping_interval=None,
        )
        self._listener = asyncio.create_task(self._listen())
        return self

    async def __aexit__(self, *_: object) -> None:
        """Close the tab."""
        self._closing = True
        self._stop_timers()
        self._note_unanswered()
        await self._socket.close()
        await self._listener

    @property
    def page(self) -> str:
        """Return the path of the page that the tab shows."""
        return self._place.path

    async def open(self, path: str, query: str = "") -> None:
        """Open an address and return when the page is drawn; the empty path is the app's first page."""
        await self._go(replace(self._place, path=path, query=query, page_hash=""))

    async def follow(self, path: str, query: str = "") -> None:
        """Go to another page of the app as a click in its navigation does, and return when it is drawn."""
        page_hash = {known: key for key, known in self._pages.items()}[path]
        await self._go(replace(self._place, path=path, query=query, page_hash=page_hash))

    async def _go(self, place: Place) -> None:
        self._place = place
        self._stop_timers()
        self._requests.clear()  # a fragment of the page that is left will not be drawn any more
        self._at_rest.clear()
        await self._ask("")
        try:
            await asyncio.wait_for(self._at_rest.wait(), PATIENCE_SECONDS)
        except TimeoutError:
            self._note_unanswered()

    async def _ask(self, fragment: str) -> None:
        self._requests.append(_Request(fragment, time.monotonic()))
        with suppress(ConnectionClosed):  # the listener notes it
            await self._socket.send(rerun_request(self._place, self._cache.hashes, fragment))

    async def _listen(self) -> None:
        with suppress(ConnectionClosed):
            async for data in self._socket:
                self._receive(data if isinstance(data, bytes) else data.encode())
        if not self._closing:
            self._visit.notes.fail(self.page, f"disconnected ({self._socket.close_code})")
        self._at_rest.set()

    def _receive(self, data: bytes) -> None:
        self._n_bytes += len(data)
        try:
            self._take(self._cache.resolve(data))
        except KeyError as error:
            self._visit.notes.fail(self.page, f"a reference to a message that the tab does not have: {error}")

    def _take(self, message: ForwardMsg) -> None:
        """Do with one message what the frontend does."""
        if words := complaint(message):
            self._visit.notes.fail(self.page, words)
        match message.WhichOneof("type"):
            case "new_session":
                self._begin(message)
            case "navigation":
                self._pages = {page.page_script_hash: page.url_pathname for page in message.navigation.app_pages}
                self._arrive(message.navigation.page_script_hash)
            case "page_info_changed":
                self._place = replace(self._place, query=message.page_info_changed.query_string)
            case "auto_rerun":
                self._start_timer(message.auto_rerun.fragment_id, message.auto_rerun.interval)
            case "stop_auto_rerun":
                self._stop_timers(*message.stop_auto_rerun.fragment_ids)
            case "script_finished":
                self._finish(message)
            case "delta" if self._take_epoch and (newest := largest_x(message)) is not None:
                self._take_epoch(int(newest), time.monotonic())

    def _begin(self, message: ForwardMsg) -> None:
        """Note which requests the drawing that begins answers: those sent so far, since requests are merged."""
        fragments = message.metadata.run.fragment_ids
        if not fragments:
            self._stop_timers()
            self._learn(message.new_session)
        for request in self._requests:
            request.under_way |= not fragments or request.fragment in fragments

    def _learn(self, new_session: NewSession) -> None:
        self._max_age = new_session.config.max_cached_message_age
        self._arrive(new_session.page_script_hash)

    def _arrive(self, page_hash: str) -> None:
        if page_hash in self._pages:
            self._place = replace(self._place, path=self._pages[page_hash], page_hash=page_hash)

    def _finish(self, message: ForwardMsg) -> None:
        """Note how long the answered requests took; a drawing that was broken off is followed by another."""
        if message.script_finished == ForwardMsg.FINISHED_EARLY_FOR_RERUN:
            return
        fragments = list(message.metadata.run.fragment_ids)
        now, n_bytes, self._n_bytes = time.monotonic(), self._n_bytes, 0
        for request in self._requests:
            if request.under_way:
                name = request.fragment if fragments else ""
                self._visit.notes.drawings.append(Drawing(self.page, name, now - request.sent_at, n_bytes))
        self._requests = [request for request in self._requests if not request.under_way]
        self._cache.end_drawing(fragments, self._max_age)
        if not fragments:
            self._at_rest.set()

    def _start_timer(self, fragment: str, wanted: float) -> None:
        interval = self._every or wanted
        if fragment in self._timers and self._timers[fragment][0] == interval:
            return
        self._stop_timers(fragment)
        self._visit.notes.intervals[fragment] = interval
        self._timers[fragment] = (interval, asyncio.create_task(self._repeat(fragment, interval)))

    def _stop_timers(self, *fragments: str) -> None:
        """Stop asking for these fragments; without any, for all."""
        for fragment in fragments or list(self._timers):
            if fragment in self._timers:
                self._timers.pop(fragment)[1].cancel()

    async def _repeat(self, fragment: str, interval: float) -> None:
        """Ask at the interval, whether or not the last answer is there; ticks that were missed do not pile up."""
        due = time.monotonic()
        while True:
            due = max(due + interval, time.monotonic())
            await asyncio.sleep(due - time.monotonic())
            await self._ask(fragment)

    def _note_unanswered(self) -> None:
        late = [request for request in self._requests if time.monotonic() - request.sent_at >= PATIENCE_SECONDS]
        for request in late:
            what = "fragment" if request.fragment else "page"
            self._visit.notes.fail(self.page, f"a {what} was not drawn within {PATIENCE_SECONDS:.0f} s")
        self._requests = [request for request in self._requests if request not in late]
