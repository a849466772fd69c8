"""The ids of the trainer's specification. `test_traceability` checks that each is named by a test."""

REQUIREMENTS = tuple(f"REQ-T{number:02d}" for number in range(1, 24))
ACCEPTANCE_CRITERIA = tuple(f"AC-T{number:02d}" for number in range(1, 24))
INVARIANTS = tuple(f"INV-T{number:02d}" for number in range(1, 5))
EDGE_CASES = tuple(f"EC-T{number:02d}" for number in range(1, 4))

ALL_IDS = (*REQUIREMENTS, *ACCEPTANCE_CRITERIA, *INVARIANTS, *EDGE_CASES)
