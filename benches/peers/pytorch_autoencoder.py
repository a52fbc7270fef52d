"""The bench `autoencoder` beside PyTorch: same network, rows, batches, epochs and threads, run in turn.

    cargo bench --bench autoencoder --no-run
    python benches/peers/pytorch_autoencoder.py target/release/deps/autoencoder-HASH [mnist|waves] [rounds]

Each tool reports its fastest epoch and its fastest encoding; the ratios of each round and their median are printed.
"""

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time

THREADS = int(os.environ.get("THREADS", "2"))


def pytorch(file):
    import numpy
    import torch
    import torch.nn as nn

    torch.set_num_threads(THREADS)
    torch.manual_seed(1)
    epochs = 3
    data = torch.from_numpy(numpy.fromfile(file, "<f4").reshape(-1, 784))
    rows = len(data)
    widths = [784, 512, 256, 32]
    layers = []
    for a, b in zip(widths, widths[1:]):
        layers += [nn.Linear(a, b), nn.ReLU()]
    encoder = nn.Sequential(*layers[:-1])
    layers = []
    for a, b in zip(widths[::-1], widths[::-1][1:]):
        layers += [nn.Linear(a, b), nn.ReLU()]
    decoder = nn.Sequential(*layers[:-1])
    optimizer = torch.optim.Adam([*encoder.parameters(), *decoder.parameters()], lr=1e-3, fused=True)
    training, best, losses = data[: rows - 256], float("inf"), []
    for _ in range(epochs):
        start, total = time.perf_counter(), 0.0
        for index in torch.randperm(len(training)).split(256):
            batch = training[index]
            optimizer.zero_grad(set_to_none=True)
            loss = nn.functional.binary_cross_entropy_with_logits(decoder(encoder(batch)), batch, reduction="sum") / len(batch)
            loss.backward()
            optimizer.step()
            total += loss.item() * len(batch)
        best = min(best, time.perf_counter() - start)
        losses.append(total / len(training))
    encode = float("inf")
    with torch.inference_mode():
        for _ in range(3):
            start = time.perf_counter()
            for batch in data.split(1024):
                encoder(batch)
            encode = min(encode, time.perf_counter() - start)
    status = open("/proc/self/status").read()
    peak = int(status.split("VmHWM:")[1].split()[0]) // 1024
    print(json.dumps({
        "train_rows_per_second": len(training) / best, "encode_rows_per_second": rows / encode, "peak_mib": peak, "losses": losses,
    }))


def main():
    bench, rows = sys.argv[1], sys.argv[2] if len(sys.argv) > 2 else "mnist"
    rounds = int(sys.argv[3]) if len(sys.argv) > 3 else 3
    file = os.path.join(tempfile.mkdtemp(), "rows")
    subprocess.run([bench, "write", rows, file], check=True)
    ratios = {"train_rows_per_second": [], "encode_rows_per_second": [], "peak_mib": []}
    for _ in range(rounds):
        ours = json.loads(subprocess.run([bench, file], check=True, capture_output=True, text=True).stdout)
        theirs = json.loads(
            subprocess.run([sys.executable, __file__, "--pytorch", file], check=True, capture_output=True, text=True).stdout
        )
        print("reduce ", ours)
        print("pytorch", theirs)
        for name, values in ratios.items():
            values.append(ours[name] / theirs[name])
        # Initial weights and the order of rows differ, so the curves agree only nearly; ours may be ahead.
        difference = ours["losses"][-1] / theirs["losses"][-1] - 1
        print(f"last loss {difference:+.1%} beside PyTorch's", "" if difference < 0.05 else "<- TOO MUCH")
    for name, values in ratios.items():
        print(f"{name}: {statistics.median(values):.2f} x PyTorch {[round(value, 2) for value in values]}")


if "--pytorch" in sys.argv:
    pytorch(sys.argv[-1])
else:
    main()
