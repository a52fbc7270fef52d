"""Colors that stay apart: greedy max-min selection in OKLab (the idea of Glasbey et al., 2007).

Writes the table `GLASBEY` of src/plot/color.rs:  python3 assets/palettes/glasbey.py
Lightness and chroma are bounded, so every color stands on white and on the dark theme, and away from the gray of missing values.
"""
import numpy as np

START = ["0072B2", "D55E00", "009E73", "CC79A7", "E69F00", "56B4E9"]
COUNT = 64


def oklab(srgb):
    linear = np.where(srgb <= 0.04045, srgb / 12.92, ((srgb + 0.055) / 1.055) ** 2.4)
    lms = linear @ np.array(
        [[0.4122214708, 0.5363325363, 0.0514459929], [0.2119034982, 0.6806995451, 0.1073969566], [0.0883024619, 0.2817188376, 0.6299787005]]
    ).T
    return np.cbrt(lms) @ np.array(
        [[0.2104542553, 0.7936177850, -0.0040720468], [1.9779984951, -2.4285922050, 0.4505937099], [0.0259040371, 0.7827717662, -0.8086757660]]
    ).T


steps = np.arange(0, 256, 6)
candidates = np.stack(np.meshgrid(steps, steps, steps, indexing="ij"), -1).reshape(-1, 3)
lab = oklab(candidates / 255)
chroma = np.hypot(lab[:, 1], lab[:, 2])
keep = (lab[:, 0] > 0.40) & (lab[:, 0] < 0.86) & (chroma > 0.045) & (chroma < 0.20)
candidates, lab = candidates[keep], lab[keep]
chosen = [tuple(int(word[i : i + 2], 16) for i in (0, 2, 4)) for word in START]
gray = oklab(np.array([[0xC4] * 3, [0x55] * 3]) / 255)
space = np.array([1.0, 1.25, 1.25])  # hue tells classes apart better than lightness
distance = np.min([np.linalg.norm((lab - other) * space, axis=1) for other in [*oklab(np.array(chosen) / 255), *gray]], axis=0)
while len(chosen) < COUNT:
    best = int(np.argmax(distance))
    chosen.append(tuple(int(v) for v in candidates[best]))
    distance = np.minimum(distance, np.linalg.norm((lab - lab[best]) * space, axis=1))
for start in range(0, COUNT, 8):
    print("    " + " ".join(f"0x{r:02X}{g:02X}{b:02X}," for r, g, b in chosen[start : start + 8]))
