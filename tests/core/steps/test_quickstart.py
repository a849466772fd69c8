"""Promises on the stand-in for torch's compiler: training is the same without it, and it yields to the real one."""

import subprocess
import sys
from pathlib import Path

import core

TRAIN = """
import sys
import torch
from core.steps.quickstart import defer_compiler
if sys.argv[1] == "deferred":
    defer_compiler()
torch.manual_seed(0)
model = torch.nn.Sequential(torch.nn.Linear(3, 8), torch.nn.BatchNorm1d(8), torch.nn.ReLU(), torch.nn.Linear(8, 2))
optimizer = torch.optim.Adam(model.parameters(), lr=0.01, weight_decay=1e-4, fused=True)
x = torch.randn(64, 3)
for _ in range(20):
    optimizer.zero_grad(set_to_none=True)
    torch.nn.functional.mse_loss(model(x), x[:, :2]).backward()
    optimizer.step()
print(sum(float(p.double().sum()) for p in model.parameters()).hex(), "torch._dynamo.config" in sys.modules)
print(callable(torch._dynamo.optimize), "torch._dynamo.config" in sys.modules)
"""


def test_training_is_the_same_without_the_compiler_which_comes_when_asked_for() -> None:
    said = {}
    for how in ("deferred", "at once"):
        done = subprocess.run(
            [sys.executable, "-c", TRAIN, how],
            cwd=Path(core.__file__).parents[1],
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        said[how] = done.stdout.splitlines()
    (deferred, compiled), (at_once, _) = said["deferred"], said["at once"]
    assert deferred.split()[0] == at_once.split()[0]
    assert (deferred.split()[1], at_once.split()[1]) == ("False", "True")
    assert compiled == "True True"
