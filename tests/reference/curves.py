"""Adds runs of the tutorial in Keras to tests/fixtures/keras_tutorial.json, a seed each.

    python curves.py 1 2 3 4 5 6 7 8 9 10

A seed that is there is not run again, so that it can be interrupted. About three and a half minutes a seed on two cores.

Keras is told not to shuffle and is given the records in a new order each epoch, because after `keras.utils.set_random_seed`
its own `fit` repeats one order in every epoch (Keras 3.15.1 with TensorFlow 2.21.0: each epoch's iterator begins the
seeded shuffle anew). The tutorial, which sets no seed, is shuffled anew each epoch, and so is ConvBurn. What one order
for all epochs comes to stands in the file as `runs_in_one_order`: the test loss ends higher.
"""

import json
import sys

import keras
import numpy as np

from tutorial import FIXTURES, network, records

EPOCHS = 10
BATCH = 32
FIGURES = ("accuracy", "loss", "val_accuracy", "val_loss")


def train(seed: int, images, labels, test) -> dict[str, list[float]]:
    keras.utils.set_random_seed(seed)
    model = network()
    figures: dict[str, list[float]] = {name: [] for name in FIGURES}
    for epoch in range(EPOCHS):
        order = np.random.default_rng([seed, epoch]).permutation(len(images))
        history = model.fit(
            images[order], labels[order], epochs=1, batch_size=BATCH, shuffle=False, validation_data=test, verbose=2
        ).history
        for name in FIGURES:
            figures[name].append(round(history[name][0], 4))
    return figures


def main(seeds: list[int]) -> None:
    path = FIXTURES / "keras_tutorial.json"
    (images, labels), test = records("train", 50_000), records("test", 10_000)
    for seed in seeds:
        curves = json.loads(path.read_text())
        if any(run["seed"] == seed for run in curves["runs"]):
            continue
        curves["runs"].append({"seed": seed} | train(seed, images, labels, test))
        path.write_text(json.dumps(curves, indent=1) + "\n")


if __name__ == "__main__":
    main([int(seed) for seed in sys.argv[1:]])
