"""What a browser's tab and Streamlit's server say to each other, without the connection between them.

The forms follow the frontend that comes with the installed Streamlit: the first request names the page
by its path, later ones by its hash; each lists the messages the tab still has, and the server may then
send a reference in their place.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from streamlit.proto.Alert_pb2 import Alert
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ClientState_pb2 import ContextInfo
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

STREAM_PATH = "/_stcore/stream"
HEALTH_PATH = "/_stcore/health"
SUBPROTOCOL = "streamlit"
XSRF_COOKIE = "_streamlit_xsrf"


@dataclass(frozen=True)
class Place:
    """Where a tab is: the page by its path or, once known, by its hash, and the query."""

    url: str
    path: str = ""
    query: str = ""
    page_hash: str = ""


def rerun_request(place: Place, cached: Iterable[str], fragment: str = "") -> bytes:
    """Ask for the page at `place`, or for one of its fragments, as a timer in the tab asks."""
    message = BackMsg()
    state = message.rerun_script
    state.query_string = place.query
    state.page_script_hash = place.page_hash
    state.page_name = "" if place.page_hash else place.path
    state.fragment_id = fragment
    state.is_auto_rerun = bool(fragment)
    state.cached_message_hashes.extend(cached)
    state.widget_states.SetInParent()
    state.context_info.CopyFrom(
        ContextInfo(timezone="UTC", locale="en", url=f"{place.url}/{place.path}", color_scheme="light")
    )
    return message.SerializeToString()


class MessageCache:
    """The large messages a tab keeps, by hash; one that no drawing used for a while is forgotten."""

    def __init__(self) -> None:
        self._messages: dict[str, tuple[bytes, str]] = {}
        self._last_used: dict[str, int] = {}
        self._n_drawings = 0

    @property
    def hashes(self) -> list[str]:
        """Return what the tab tells the server it still has."""
        return list(self._messages)

    def resolve(self, data: bytes) -> ForwardMsg:
        """Return the message, or the kept one it refers to. Raises KeyError for one that is not kept."""
        message = ForwardMsg.FromString(data)
        if message.WhichOneof("type") == "ref_hash":
            return self._recall(message)
        if message.metadata.cacheable and message.hash:
            self._messages.setdefault(message.hash, (data, message.delta.fragment_id))
            self._last_used[message.hash] = self._n_drawings
        return message

    def _recall(self, reference: ForwardMsg) -> ForwardMsg:
        data, _ = self._messages[reference.ref_hash]
        self._last_used[reference.ref_hash] = self._n_drawings
        message = ForwardMsg.FromString(data)
        message.metadata.CopyFrom(reference.metadata)
        return message

    def end_drawing(self, fragments: Sequence[str], max_age: int) -> None:
        """Count a drawing, and forget what it and the ones before could have used but did not."""
        self._n_drawings += 1
        for key, (_, fragment) in list(self._messages.items()):
            touched = not fragments or fragment in fragments
            if touched and self._n_drawings - self._last_used[key] > max_age:
                del self._messages[key], self._last_used[key]


def complaint(message: ForwardMsg) -> str | None:
    """Return what this message shows a visitor that must not happen under load, None where all is well."""
    match message.WhichOneof("type"):
        case "page_not_found":
            return "page not found"
        case "session_event" if message.session_event.HasField("script_compilation_exception"):
            return f"the script does not compile: {message.session_event.script_compilation_exception.message}"
        case "script_finished" if message.script_finished == ForwardMsg.FINISHED_WITH_COMPILE_ERROR:
            return "the script ended with an error"
        case "delta":
            return _element_complaint(message)
    return None


def _element_complaint(message: ForwardMsg) -> str | None:
    element = message.delta.new_element
    match element.WhichOneof("type"):
        case "exception":
            return f"exception: {element.exception.type} {element.exception.message}"
        case "alert" if element.alert.format == Alert.ERROR:
            return f"error: {element.alert.body}"
    return None


def largest_x(message: ForwardMsg) -> float | None:
    """Return the largest x in the data of the chart in this message, None where there is none.

    For the curve of a training, that is the newest epoch in it.
    """
    if message.delta.new_element.WhichOneof("type") != "vega_lite_chart":
        return None
    chart = message.delta.new_element.vega_lite_chart
    fields = set(_x_fields(json.loads(chart.spec)))
    tables = [_table(part.data) for part in (chart.data, *(named.data for named in chart.datasets)) if part.data]
    return max(
        (x for table in tables for name in fields & {*table.column_names} for x in _largest(table[name])), default=None
    )


def _x_fields(spec: Any) -> Iterator[str]:
    """Yield the names of the columns that some part of the chart lays out from left to right."""
    parts = spec.values() if isinstance(spec, dict) else spec if isinstance(spec, list) else ()
    if isinstance(spec, dict) and isinstance(spec.get("x"), dict) and "field" in spec["x"]:
        yield spec["x"]["field"]
    for part in parts:
        yield from _x_fields(part)


def _table(data: bytes) -> pa.Table:
    return pa.ipc.open_stream(data).read_all()


def _largest(column: pa.ChunkedArray) -> Iterator[float]:
    value = pc.max(column).as_py()
    if value is not None:
        yield value
