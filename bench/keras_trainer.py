"""Keras beside the browsers: `keras_trainer.py THREADS RECORDS [NETWORK BATCH WAY]` trains an epoch for each line it reads.

The tutorial's network and data are those of tests/reference; `t` and `s-32-64-96` are written out here, with any first weights: only
their time counts. WAY is `plain`, `jit` (`jit_compile`) or `fifty` (`steps_per_execution=50`). A line of JSON answers each epoch.
"""

import json
import sys
import time
from pathlib import Path

import tensorflow as tf

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests" / "reference"))

import keras  # noqa: E402
from keras import layers  # noqa: E402
from tutorial import network as tutorial  # noqa: E402
from tutorial import records  # noqa: E402


class StepClock(keras.callbacks.Callback):
    """The time from the first call's beginning to the last one's end: not what `fit` does before and after."""

    start = None

    def on_epoch_begin(self, epoch, logs=None):
        self.start = None

    def on_train_batch_begin(self, batch, logs=None):
        if self.start is None:
            self.start = time.perf_counter()

    def on_train_batch_end(self, batch, logs=None):
        self.end = time.perf_counter()


def network_t() -> keras.Sequential:
    def block(filters: int, pools: bool) -> list:
        pool = [layers.MaxPooling2D(2)] if pools else []
        return [layers.Conv2D(filters, 3, use_bias=False), *pool, layers.BatchNormalization(epsilon=1e-5, momentum=0.9), layers.ReLU()]

    dense = [layers.Dense(64, use_bias=False), layers.BatchNormalization(epsilon=1e-5, momentum=0.9), layers.ReLU(), layers.Dense(10)]
    return keras.Sequential([keras.Input((32, 32, 3)), *block(32, True), *block(64, True), *block(64, False), layers.Flatten(), *dense])


def network_s(*filters: int) -> keras.Sequential:
    def gelu():
        return layers.Activation(lambda x: keras.activations.gelu(x, approximate=False))

    def behind() -> list:
        return [layers.BatchNormalization(scale=False, epsilon=1e-5, momentum=0.6), gelu()]

    def conv(count: int):
        return layers.Conv2D(count, 3, padding="same", use_bias=False)

    whitening = layers.Conv2D(24, 2)
    body = [whitening, gelu()]
    for count in filters:
        body += [conv(count), layers.MaxPooling2D(2), *behind(), conv(count), *behind()]
    model = keras.Sequential([keras.Input((32, 32, 3)), *body, layers.GlobalMaxPooling2D(), layers.Dense(10, use_bias=False), layers.Rescaling(0.25)])
    # Its kernel is frozen. The bias would learn, which Keras cannot say of one layer: 24 sums are of no matter for the time.
    whitening.trainable = False
    return model


def compiled(name: str, way: str) -> keras.Sequential:
    if name == "tutorial":
        model = tutorial()
    else:
        model = network_t() if name == "t" else network_s(*(int(count) for count in name.split("-")[1:]))
    model.compile(
        optimizer="adam",
        loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=["accuracy"],
        jit_compile=way == "jit",
        steps_per_execution=50 if way == "fifty" else 1,
    )
    return model


def say(**what) -> None:
    print(json.dumps(what), flush=True)


def main(threads: int, count: int, name: str = "tutorial", batch: int = 32, way: str = "plain") -> None:
    tf.config.threading.set_intra_op_parallelism_threads(threads)
    tf.config.threading.set_inter_op_parallelism_threads(1)
    keras.utils.set_random_seed(1)
    images, labels = records("train", count)
    model = compiled(name, way)
    clock = StepClock()
    say(versions=f"Keras {keras.__version__}, TensorFlow {tf.__version__}")
    for _ in sys.stdin:
        history = model.fit(images, labels, batch_size=batch, epochs=1, shuffle=False, verbose=0, callbacks=[clock]).history
        say(loss=history["loss"][0], step_ms=(clock.end - clock.start) * 1_000 / (count // batch))


if __name__ == "__main__":
    _, threads, count, *rest = sys.argv
    main(int(threads), int(count), *(rest[:1]), *(int(size) for size in rest[1:2]), *rest[2:])
