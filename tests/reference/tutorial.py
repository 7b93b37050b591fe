"""The tutorial's network and data in Keras, for the scripts beside this file.

Source: https://www.tensorflow.org/tutorials/images/cnn. Run by hand; nothing in the tests needs Python.
"""

import gzip
import json
from pathlib import Path

import keras
import numpy as np

ROOT = Path(__file__).resolve().parents[2]
DATA = ROOT / "data" / "cifar10"
FIXTURES = ROOT / "tests" / "fixtures"
RECORD_BYTES = 1 + 3 * 32 * 32


def records(split: str, count: int) -> tuple[np.ndarray, np.ndarray]:
    """The first `count` records in official order: images `[n, 32, 32, 3]` in [0, 1], labels `[n]`."""
    manifest = json.loads((DATA / "manifest.json").read_text())
    shards, held = [], 0
    for shard in manifest["shards"]:
        if shard["split"] == split and held < count:
            shards.append(gzip.decompress((DATA / shard["file"]).read_bytes()))
            held += shard["records"]
    rows = np.frombuffer(b"".join(shards), np.uint8).reshape(-1, RECORD_BYTES)[:count]
    planes = rows[:, 1:].reshape(-1, 3, 32, 32)
    # As the page scales them: an f32 division by 255.
    images = planes.transpose(0, 2, 3, 1).astype(np.float32) / np.float32(255)
    return images, rows[:, 0].astype(np.int32)


def network() -> keras.Sequential:
    """The tutorial's network, compiled as the tutorial does."""
    layers = keras.layers
    model = keras.Sequential(
        [
            keras.Input((32, 32, 3)),
            layers.Conv2D(32, 3, activation="relu", name="conv2d"),
            layers.MaxPooling2D(2),
            layers.Conv2D(64, 3, activation="relu", name="conv2d_1"),
            layers.MaxPooling2D(2),
            layers.Conv2D(64, 3, activation="relu", name="conv2d_2"),
            layers.Flatten(),
            layers.Dense(64, activation="relu", name="dense"),
            layers.Dense(10, name="dense_1"),
        ]
    )
    model.compile(
        optimizer="adam",
        loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=["accuracy"],
    )
    return model
