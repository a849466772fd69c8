"""Print the promised figures: `make bench`."""

from __future__ import annotations

import os
import platform

import torch

from tests.benchmarks import estimates, insights, large, paste, scoring, steps, waits


def main() -> None:
    print(
        f"{platform.machine()}, {os.cpu_count()} cores, torch {torch.__version__}, {torch.get_num_threads()} threads\n"
    )
    print("Training step (5,634 rows × 46 features, 2×128, against DataLoader and default Adam)")
    for threads in sorted({1, torch.get_num_threads()}):
        torch.set_num_threads(threads)
        for batch_size in (64, 256):
            times = steps.measure(batch_size=batch_size)
            print(
                f"  {threads} thread(s), batch {batch_size:>3}: {times.ours:.2f} ms, plain {times.plain:.2f} ms, "
                f"ratio {times.ratio:.2f} (promised: at most 0.8)"
            )
    print("\nWaiting, in Chromium")
    print(f"  start of the app to first page: {waits.first_page_seconds():.2f} s (promised: under 3)")
    table, seconds = waits.first_point_seconds()
    print(f"  click on Start to first point on {table}: {seconds:.2f} s (promised: under 2)")
    _, seconds = waits.first_point_seconds(cold=True)
    print(f"  the same where no worker was waiting: {seconds:.2f} s")
    print("\nA large file, in Chromium")
    large.print_large()
    print("\nPredictions for a large file")
    scoring.print_scoring(scoring.ROWS)
    paste.print_paste()
    print("\nEvaluating and explaining a model")
    insights.print_insights()
    print(f"\nEstimates of {estimates.EPOCHS} epochs, beside the runs (promised: within a factor {estimates.WITHIN})")
    estimates.print_comparisons()


main()
