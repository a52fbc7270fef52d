"""What many do by hand today: pandas, scikit-learn, PyTorch, openTSNE and matplotlib in one script, about as one finds it in notebooks.

    python -m venv venv && venv/bin/pip install -r benches/peers/requirements-by-hand.txt
    venv/bin/python benches/peers/by_hand.py digits sample_data/digits.csv OUTPUT_FOLDER
    venv/bin/python benches/peers/by_hand.py genes sample_data/genes.parquet OUTPUT_FOLDER

Codes of 32 numbers and a map; how good both are is left to `benches/peers/compare_by_hand.py`, which rates this and `reduce` with one measure.
The part between the lines `# script` and `# end` is what is counted as its lines.
"""

import sys

# script
import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import torch
from openTSNE import TSNE
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import MinMaxScaler, StandardScaler
from torch import nn

kind, path, output = sys.argv[1:4]
torch.manual_seed(42)
np.random.seed(42)

if kind == "digits":
    table = pd.read_csv(path)
    labels = table.pop("label")
    ids = pd.Series(table.index, name="row")
    values = table.to_numpy(np.float32)
    train, held_out = train_test_split(np.arange(len(values)), test_size=0.1, random_state=42)
    scaler = MinMaxScaler().fit(values[train])
    prepared = scaler.transform(values).astype(np.float32)
else:
    table = pd.read_parquet(path)
    labels = table.pop("cell_type")
    ids = table.pop("cell")
    values = table.to_numpy(np.float32)
    train, held_out = train_test_split(np.arange(len(values)), test_size=0.1, random_state=42)
    logged = np.log1p(values / values.sum(axis=1, keepdims=True) * 1e4)
    variable = np.argsort(-logged[train].var(axis=0))[:2000]
    scaler = StandardScaler().fit(logged[train][:, variable])
    prepared = np.clip(scaler.transform(logged[:, variable]), -10, 10).astype(np.float32)

features = prepared.shape[1]
encoder = nn.Sequential(nn.Linear(features, 512), nn.ReLU(), nn.Linear(512, 128), nn.ReLU(), nn.Linear(128, 32))
decoder = nn.Sequential(nn.Linear(32, 128), nn.ReLU(), nn.Linear(128, 512), nn.ReLU(), nn.Linear(512, features))
model = nn.Sequential(encoder, decoder)
optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
loss_of = nn.MSELoss()
data = torch.from_numpy(prepared)
loader = torch.utils.data.DataLoader(torch.utils.data.TensorDataset(data[train]), batch_size=128, shuffle=True)
best, patience, kept = float("inf"), 0, None
losses = []
for epoch in range(200):
    model.train()
    for (batch,) in loader:
        optimizer.zero_grad()
        loss = loss_of(model(batch), batch)
        loss.backward()
        optimizer.step()
    model.eval()
    with torch.no_grad():
        validation = loss_of(model(data[held_out]), data[held_out]).item()
    losses.append(validation)
    if validation < best:
        best, patience, kept = validation, 0, {name: value.clone() for name, value in model.state_dict().items()}
    else:
        patience += 1
        if patience == 15:
            break
model.load_state_dict(kept)
model.eval()
with torch.no_grad():
    codes = encoder(data).numpy()

embedding = TSNE(perplexity=30, n_jobs=2, random_state=42).fit(codes)
pd.DataFrame(codes, columns=[f"code_{at:02}" for at in range(32)]).assign(id=ids, label=labels).to_csv(f"{output}/codes.csv", index=False)
pd.DataFrame(np.asarray(embedding), columns=["x", "y"]).assign(id=ids, label=labels).to_csv(f"{output}/embedding.csv", index=False)
torch.save(model.state_dict(), f"{output}/model.pt")
figure, axes = plt.subplots(figsize=(8, 7))
for name in sorted(labels.unique()):
    chosen = (labels == name).to_numpy()
    axes.scatter(embedding[chosen, 0], embedding[chosen, 1], s=4, label=name)
axes.legend()
figure.savefig(f"{output}/embedding.png", dpi=200)
plt.figure()
plt.plot(losses)
plt.savefig(f"{output}/training.png")
# end

np.savez(f"{output}/for_comparison.npz", prepared=prepared, codes=codes, embedding=np.asarray(embedding), train=train, held_out=held_out, error=best, epochs=len(losses))
