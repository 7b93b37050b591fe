"""Adds runs of the tutorial in Keras to tests/fixtures/keras_tutorial.json, a seed each.

    python curves.py 4 5 6 7 8 9 10

A seed that is there is not run again, so that it can be interrupted. About three minutes a seed on two cores.
"""

import json
import sys

import keras

from tutorial import FIXTURES, network, records

EPOCHS = 10
BATCH = 32
FIGURES = ("accuracy", "loss", "val_accuracy", "val_loss")


def main(seeds: list[int]) -> None:
    path = FIXTURES / "keras_tutorial.json"
    curves = json.loads(path.read_text())
    train, test = records("train", 50_000), records("test", 10_000)
    for seed in seeds:
        if any(run["seed"] == seed for run in curves["runs"]):
            continue
        keras.utils.set_random_seed(seed)
        history = network().fit(*train, epochs=EPOCHS, batch_size=BATCH, validation_data=test, verbose=2)
        run = {"seed": seed} | {name: [round(v, 4) for v in history.history[name]] for name in FIGURES}
        curves["runs"].append(run)
        path.write_text(json.dumps(curves, indent=1) + "\n")


if __name__ == "__main__":
    main([int(seed) for seed in sys.argv[1:]])
