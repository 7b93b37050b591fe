"""Writes tests/fixtures/epoch.safetensors and epoch.json: the tutorial's first epoch in Keras, for tests/epoch.rs.

From the initial weights of export.py (the same seed; they stand in golden.safetensors) and in one order of the 50,000
records, which is written down: Keras is given the records in it and told not to shuffle. About 20 s on two cores.
"""

import json

import keras
import numpy as np
import tensorflow as tf
from safetensors.numpy import load_file, save_file

from export import SEED
from tutorial import FIXTURES, network, records

BATCH = 32


def main() -> None:
    tf.config.experimental.enable_op_determinism()
    keras.utils.set_random_seed(SEED)
    model = network()
    golden = load_file(FIXTURES / "golden.safetensors")
    for variable in model.trainable_variables:
        expected = golden[f"initial/{variable.path.removeprefix('sequential/')}"]
        assert np.array_equal(variable.numpy(), expected), variable.path

    images, labels = records("train", 50_000)
    order = np.random.default_rng(SEED).permutation(len(images))
    history = model.fit(images[order], labels[order], batch_size=BATCH, epochs=1, shuffle=False, verbose=2).history
    save_file({"order": order.astype(np.uint16)}, FIXTURES / "epoch.safetensors")
    figures = {
        "what": "Made by tests/reference/epoch.py",
        "versions": {"keras": keras.__version__, "tensorflow": tf.__version__},
        "batch": BATCH,
        "loss": history["loss"][0],
        "accuracy": history["accuracy"][0],
    }
    (FIXTURES / "epoch.json").write_text(json.dumps(figures, indent=1) + "\n")


if __name__ == "__main__":
    main()
