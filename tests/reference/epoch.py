"""Writes tests/fixtures/epoch.safetensors and epoch.json: the tutorial's first epoch in Keras, for tests/native/golden.rs.

From the initial weights of export.py (the same seed; they stand in golden.safetensors) and in one order of the 50,000
records, which is written down: Keras is given the records in it and told not to shuffle. The running means that Keras
shows are written down after some steps and at the end. About 20 s on two cores.
"""

import json

import keras
import numpy as np
import tensorflow as tf
from safetensors.numpy import load_file, save_file

from export import SEED
from tutorial import FIXTURES, network, records

BATCH = 32
# The last is the whole epoch.
MARKS = (200, 500, 1_000, 1_563)


class Running(keras.callbacks.Callback):
    """Keras's running means after the marks."""

    def __init__(self):
        super().__init__()
        self.marks = []

    def on_train_batch_end(self, batch, logs=None):
        if batch + 1 in MARKS:
            self.marks.append({"steps": batch + 1, "loss": logs["loss"], "accuracy": logs["accuracy"]})


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
    running = Running()
    model.fit(images[order], labels[order], batch_size=BATCH, epochs=1, shuffle=False, verbose=2, callbacks=[running])
    save_file({"order": order.astype(np.uint16)}, FIXTURES / "epoch.safetensors")
    figures = {
        "what": "Made by tests/reference/epoch.py",
        "versions": {"keras": keras.__version__, "tensorflow": tf.__version__},
        "batch": BATCH,
        "marks": running.marks,
    }
    (FIXTURES / "epoch.json").write_text(json.dumps(figures, indent=1) + "\n")


if __name__ == "__main__":
    main()
