"""Keras beside the browsers: `keras_trainer.py THREADS RECORDS` trains an epoch for each line it reads.

The tutorial's network and data are those of tests/reference; a line of JSON answers each epoch.
"""

import json
import sys
import time
from pathlib import Path

import tensorflow as tf

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests" / "reference"))

import keras  # noqa: E402
from tutorial import network, records  # noqa: E402

BATCH = 32


class StepClock(keras.callbacks.Callback):
    """The time from the first step's beginning to the last one's end: not what `fit` does before and after."""

    def on_train_batch_begin(self, batch, logs=None):
        if batch == 0:
            self.start = time.perf_counter()

    def on_train_batch_end(self, batch, logs=None):
        self.end = time.perf_counter()


def say(**what) -> None:
    print(json.dumps(what), flush=True)


def main(threads: int, count: int) -> None:
    tf.config.threading.set_intra_op_parallelism_threads(threads)
    tf.config.threading.set_inter_op_parallelism_threads(1)
    keras.utils.set_random_seed(1)
    images, labels = records("train", count)
    model = network()
    clock = StepClock()
    say(versions=f"Keras {keras.__version__}, TensorFlow {tf.__version__}")
    for _ in sys.stdin:
        history = model.fit(images, labels, batch_size=BATCH, epochs=1, shuffle=False, verbose=0, callbacks=[clock]).history
        say(loss=history["loss"][0], step_ms=(clock.end - clock.start) * 1_000 / (count // BATCH))


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
