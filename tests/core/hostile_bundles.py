"""Every hostile file: each has one thing wrong, and says which words of the refusal name it."""

from __future__ import annotations

from tests.core.hostile_documents import JSONS
from tests.core.hostile_foreign import FOREIGN, PICKLES_INSIDE
from tests.core.hostile_packing import Case
from tests.core.hostile_tensors import TENSORS
from tests.core.hostile_values import MANIFESTS, PREPROCESSES
from tests.core.hostile_zips import ZIPS

CASES: dict[str, Case] = {**FOREIGN, **PICKLES_INSIDE, **ZIPS, **JSONS, **MANIFESTS, **PREPROCESSES, **TENSORS}
