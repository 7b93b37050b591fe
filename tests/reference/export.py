"""Writes tests/fixtures/golden.safetensors and golden.json: what Keras computes, for tests/native/golden.rs.

From one set of initial weights and the first 320 training records in official order:
- `initial/…`: the weights;
- of the first 64 records: `logits`, and in golden.json the loss; `gradient/…` of every parameter;
- ten Adam steps of 32 records each: in golden.json the loss of each step, `final/…`: the weights after them.

Everything in Keras's layout (HWIO kernels, [in, out] matrices, features in NHWC order) and under Keras's
names; the crate converts (src/layout.rs).
"""

import json
import platform

import keras
import numpy as np
import tensorflow as tf
from safetensors.numpy import save_file

from tutorial import FIXTURES, network, records

SEED = 1
BATCH = 64
STEPS = 10
STEP_RECORDS = 32


def tensors(prefix: str, model: keras.Model, values) -> dict[str, np.ndarray]:
    return {
        f"{prefix}/{variable.path.removeprefix('sequential/')}": np.asarray(value, np.float32)
        for variable, value in zip(model.trainable_variables, values, strict=True)
    }


def main() -> None:
    tf.config.experimental.enable_op_determinism()
    keras.utils.set_random_seed(SEED)
    images, labels = records("train", STEPS * STEP_RECORDS)
    model = network()
    initial = tensors("initial", model, [v.numpy() for v in model.trainable_variables])

    with tf.GradientTape() as tape:
        logits = model(images[:BATCH], training=True)
        loss = model.loss(labels[:BATCH], logits)
    gradients = tape.gradient(loss, [v.value for v in model.trainable_variables])

    losses = []
    for step in range(STEPS):
        rows = slice(step * STEP_RECORDS, (step + 1) * STEP_RECORDS)
        with tf.GradientTape() as tape:
            step_loss = model.loss(labels[rows], model(images[rows], training=True))
        step_gradients = tape.gradient(step_loss, [v.value for v in model.trainable_variables])
        model.optimizer.apply(step_gradients, model.trainable_variables)
        losses.append(float(step_loss))

    arrays = initial | {"logits": logits.numpy()}
    arrays |= tensors("gradient", model, gradients)
    arrays |= tensors("final", model, [v.numpy() for v in model.trainable_variables])
    save_file(arrays, FIXTURES / "golden.safetensors")
    figures = {
        "what": "Made by tests/reference/export.py",
        "versions": {"keras": keras.__version__, "tensorflow": tf.__version__, "python": platform.python_version()},
        "seed": SEED,
        "records": {"split": "train", "first": 0, "count": STEPS * STEP_RECORDS},
        "batch": BATCH,
        "loss": float(loss),
        "step_records": STEP_RECORDS,
        "step_losses": losses,
    }
    (FIXTURES / "golden.json").write_text(json.dumps(figures, indent=1) + "\n")


if __name__ == "__main__":
    main()
