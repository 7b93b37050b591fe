"""Writes tests/fixtures/golden_presets.json and .safetensors: ten steps of each preset beside the tutorial's, for
tests/native/golden_presets.rs.

The networks and rules are written out here from the recipes' own words (what src/network/presets.rs and
src/protocol/recipes.rs say is not read), and computed in float64: the layers by Keras with TensorFlow's gradients, as
network.py has them, the rules by NumPy, as rules.py has them. A step takes 64 records (two groups of 32), the first 640
training records in official order and not augmented (augmentation has tests of its own); the one cycle of the learning
rate is as long as the ten steps, so that it rises and falls, and the averages move twice. Rates and decay are not the
preset's own (`slower` says why): the test compares those apart.

- In the JSON, of each preset: `settings`, the numbers of its rule; `changed`, those that are others here; `rates`, the learning rate of each step; `losses`, the plain cross-entropy before each
  step; `evaluated`, that of the first 64 test records by the averaged weights, in inference mode.
- `whitening`: the first kernel of the networks S, from the 640 images.
- `PRESET/final/NAME`, `PRESET/momentum/NAME`, `PRESET/averaged/NAME`: of each tensor 16 products with random numbers
  in ±1 (`projections`), and its length. From the products of a difference its length can be told: it is √(3 / 16)
  times theirs, give or take a sixth. Whole tensors would be 10 MB.
- `short` in both: the first two of those steps with the first 16 records, 8 a step in two groups of 4, for backends
  that are slow.

What a run begins with is made by `first_values` from a hash of each tensor's name; the test has the same function.

How far wrong rules end from these numbers, and how far float32 does, is printed by mutations.py; the test's bounds
follow from that table.
"""

import json
import platform

import keras

keras.config.set_floatx("float64")  # Before a layer is made.

import numpy as np
import tensorflow as tf
from safetensors.numpy import save_file

from network import Network
from rules import Muon, OutsideSgd
from tutorial import FIXTURES, records

CLASSES, STEPS = 10, 10
# Records of a step, those that are normalised together, and how many steps are made.
LONG, SHORT = (64, 32, STEPS), (8, 4, 2)
AVERAGE_EVERY = 5
RATE_SHARE, DECAY_FACTOR = 0.1, 10
PROJECTIONS = 16
LEARNS = {"trainable": True}
# Channel means and deviations of the training images.
PIXELS = {"standardized": {"mean": [0.4914, 0.4822, 0.4465], "deviation": [0.247, 0.2435, 0.2616]}}
IMAGE = {"channels": 3, "height": 32, "width": 32}


def conv(filters: int, kernel: int = 3, padding: str = "same", weight=LEARNS, bias=None) -> dict:
    fields = {"filters": filters, "kernel": kernel, "padding": padding, "stride": 1, "weight": weight, "bias": bias}
    return {"conv": fields}


def norm(momentum: float, scale=None) -> dict:
    """`momentum` is Keras's: the share that stays."""
    return {"batch_norm": {"scale": scale, "offset": LEARNS, "epsilon": 1e-5, "momentum": momentum}}


def dense(units: int, bias=None) -> dict:
    return {"dense": {"units": units, "weight": LEARNS, "bias": bias}}


POOL, RELU = {"max_pool": {"size": 2}}, {"activation": "relu"}


def t() -> list:
    """The tutorial's layers, normalised."""
    normed = [norm(0.6, scale=LEARNS), RELU]
    layers = []
    for filters, pool in [(32, [POOL]), (64, [POOL]), (64, [])]:
        layers += [conv(filters, padding="valid"), *pool, *normed]
    return [*layers, "flatten", dense(64), *normed, dense(CLASSES, bias=LEARNS)]


def s(filters: list[int], activation: str, momentum: float) -> list:
    act = {"activation": activation}
    layers = [conv(24, 2, "valid", weight={"trainable": False}, bias=LEARNS), act]
    for count in filters:
        layers += [conv(count), POOL, norm(momentum), act, conv(count), norm(momentum), act]
    return [*layers, "global_max_pool", dense(CLASSES), {"scale": {"factor": 0.25}}]


def model(layers: list) -> dict:
    return {"network": {"layers": [{"layer": layer} for layer in layers]}, "image": IMAGE, "pixels": PIXELS}


SGD = {"momentum": 0.9, "averaging": 0.98}
MUON = SGD | {"muon_momentum": 0.6, "muon_iterations": 3, "norm_bias_lr_factor": 4}
PRESETS = {
    "tutorial-cured": (
        t(),
        MUON | {"lr": 0.1, "muon_lr": 0.05, "weight_decay": 0.0, "warm_up": 0.2, "label_smoothing": 0.1},
    ),
    "same-size": (
        s([40, 48, 60], "gelu", 0.6),
        SGD | {"lr": 0.4, "weight_decay": 5e-4, "warm_up": 0.2, "label_smoothing": 0.1, "norm_bias_lr_factor": 1},
    ),
    "small": (
        s([40, 68, 92], "silu", 0.9),
        MUON | {"lr": 0.2, "muon_lr": 0.06, "weight_decay": 5e-4, "warm_up": 0.1, "label_smoothing": 0.2},
    ),
    "large": (
        s([64, 112, 128], "gelu", 0.9),
        MUON | {"lr": 0.2, "muon_lr": 0.03, "weight_decay": 2e-3, "warm_up": 0.1, "label_smoothing": 0.1},
    ),
}


def rule(config: dict, last: str):
    """Muon with SGD for the rest, or SGD alone; the offsets of normalisation at a rate of their own."""

    class Rule(Muon if "muon_lr" in config else OutsideSgd):
        def move(self, name, w, g, state, rate):
            is_offset = name.startswith("batch_normalization") and name.endswith(".bias")
            return super().move(name, w, g, state, rate * (config["norm_bias_lr_factor"] if is_offset else 1))

    return Rule(config, last) if "muon_lr" in config else Rule(config)


def uniform(name: str, count: int) -> np.ndarray:
    """Numbers in [-1, 1) that follow from a name (FNV-1a) and their place (MurmurHash3's finaliser)."""
    salt = 0x811C9DC5
    for byte in name.encode():
        salt = (salt ^ byte) * 0x01000193 % 2**32
    x = np.arange(count, dtype=np.uint32) + np.uint32(salt)
    x = (x ^ (x >> np.uint32(16))) * np.uint32(0x85EBCA6B)
    x = (x ^ (x >> np.uint32(13))) * np.uint32(0xC2B2AE35)
    x ^= x >> np.uint32(16)
    return (x >> np.uint32(8)) / 2.0**23 - 1


def first_value(name: str, shape: tuple, whitening: np.ndarray) -> np.ndarray:
    """As the preset begins but for the random numbers, in PyTorch's layout, as float32 has them."""
    if len(shape) == 1:
        is_scale = name.startswith("batch_normalization") and name.endswith(".weight")
        return np.full(shape, float(is_scale or name.endswith("running_var")))
    if shape[-1] == 2:
        return whitening
    inputs = int(np.prod(shape[1:]))
    limit = np.sqrt(6 / inputs)
    drawn = uniform(name, int(np.prod(shape))) * limit
    return drawn.astype(np.float32).astype(np.float64).reshape(shape)


def with_identity(value: np.ndarray) -> np.ndarray:
    """The first filters hand an input channel on each, and random numbers with it. Without those, a pixel's equal
    neighbours would be equal maxima, and rounding choose among them whose surroundings are learnt from.
    """
    value = value.copy()
    for channel in range(value.shape[1]):
        value[channel, channel, 1, 1] += 1
    return value.astype(np.float32).astype(np.float64)


def to_pytorch(value: np.ndarray) -> np.ndarray:
    axes = {1: (0,), 2: (1, 0), 4: (3, 2, 0, 1)}
    return value.transpose(axes[value.ndim])


def to_keras(value: np.ndarray) -> np.ndarray:
    axes = {1: (0,), 2: (1, 0), 4: (2, 3, 1, 0)}
    return value.transpose(axes[value.ndim])


def first_values(network: Network, whitening: np.ndarray) -> dict[str, np.ndarray]:
    is_s = network.variables()["conv2d.weight"].shape[0] == 2
    values = {}
    for name, variable in network.variables().items():
        value = first_value(name, to_pytorch(variable.numpy()).shape, whitening)
        if is_s and value.ndim == 4 and value.shape[-1] == 3:
            value = with_identity(value)
        values[name] = to_keras(value)
    return values


def whitening_kernel(images: np.ndarray, epsilon: float = 5e-4) -> np.ndarray:
    """The directions in which 2 × 2 pixels vary, scaled to variance 1, and their negatives: `[24, 3, 2, 2]`."""
    mean, deviation = (np.array(PIXELS["standardized"][key]) for key in ("mean", "deviation"))
    seen = (images - mean) / deviation
    patches = np.lib.stride_tricks.sliding_window_view(seen, (2, 2), axis=(1, 2)).reshape(-1, 12)
    values, vectors = np.linalg.eigh(np.cov(patches.T, bias=True))
    rows = (vectors / np.sqrt(values + epsilon)).T[::-1]
    largest = np.abs(rows).argmax(1, keepdims=True)
    rows = rows * np.sign(np.take_along_axis(rows, largest, 1))
    return np.concatenate([rows, -rows]).reshape(24, 3, 2, 2).astype(np.float32).astype(np.float64)


def slower(config: dict) -> dict:
    """With a tenth of the rates, and ten times the decay, so that it shows. At the recipe's own rates rounding grows
    about fivefold a step: after ten of `tutorial-cured` float32 and float64 are 0.006 apart in a loss, momenta 40 %.
    """
    rates = {key: config[key] * RATE_SHARE for key in ("lr", "muon_lr") if key in config}
    return config | rates | {"weight_decay": config["weight_decay"] * DECAY_FACTOR}


def rate(config: dict, step: int) -> float:
    """One cycle: from a fifth of the peak to the peak, and to nothing."""
    top = config["warm_up"] * STEPS
    return config["lr"] * float(np.interp(step, [0, top, STEPS], [0.2, 1, 0]))


def cross_entropy(logits, targets):
    return -tf.reduce_mean(tf.reduce_sum(targets * tf.nn.log_softmax(logits), axis=1))


class Run:
    """Steps of a preset."""

    def __init__(self, layers: list, config: dict, whitening: np.ndarray, group: int):
        self.config = config
        self.network = Network(model(layers), group)
        self.initial = first_values(self.network, whitening)
        self.network.assign(self.initial)
        self.learning = self.network.variables(learning=True)
        last = [name for name in self.learning if name.startswith("dense") and name.endswith("weight")][-1]
        self.rule = rule(config, last)
        frozen = {"conv2d.weight"} - set(self.learning)
        self.averaged = {name: value.copy() for name, value in self.initial.items() if name not in frozen}
        self.losses = []

    def step(self, number: int, images, labels) -> None:
        hard = tf.one_hot(labels, CLASSES, dtype=keras.config.floatx())
        smoothing = self.config["label_smoothing"]
        with tf.GradientTape() as tape:
            logits = self.network.model(images, training=True)
            learnt = cross_entropy(logits, hard * (1 - smoothing) + smoothing / CLASSES)
        gradients = tape.gradient(learnt, [variable.value for variable in self.learning.values()])
        self.losses.append(float(cross_entropy(logits, hard)))
        self.rule.step(self.learning, dict(zip(self.learning, gradients, strict=True)), rate(self.config, number))
        if (number + 1) % AVERAGE_EVERY == 0:
            self.average((number + 1) // AVERAGE_EVERY)

    def average(self, times: int) -> None:
        kept = min(self.config["averaging"], 1 - 1 / (1 + times))
        for name, value in self.network.values().items():
            if name in self.averaged:
                self.averaged[name] = self.averaged[name] + (1 - kept) * (value - self.averaged[name])

    def train(self, images, labels, batch: int, steps: int) -> "Run":
        for step in range(steps):
            rows = slice(step * batch, (step + 1) * batch)
            self.step(step, images[rows], labels[rows])
        return self

    def states(self) -> dict[str, np.ndarray]:
        """Everything after the steps, in PyTorch's layout."""
        momenta = {name: state[0] for name, state in self.rule.state.items()}
        kinds = {"final": self.network.values(), "momentum": momenta, "averaged": self.averaged}
        found = {f"{kind}/{name}": value for kind, values in kinds.items() for name, value in values.items()}
        return {name: to_pytorch(value) for name, value in found.items()}

    def evaluated(self, images, labels) -> float:
        """By the averaged weights; the network then has them."""
        self.network.assign(self.network.values() | self.averaged)
        logits = self.network.model(images, training=False)
        return float(cross_entropy(logits, tf.one_hot(labels, CLASSES, dtype=keras.config.floatx())))


def projections(name: str, value: np.ndarray) -> np.ndarray:
    """Products of a tensor with random numbers, and its length."""
    flat = value.astype(np.float64).ravel()
    products = [uniform(f"{name}#{at}", flat.size) @ flat for at in range(PROJECTIONS)]
    return np.array([*products, np.linalg.norm(flat)], np.float32)


def in_float64(images, labels):
    return images.astype(np.float64), labels


def trained(layers: list, config: dict, whitening: np.ndarray, images, labels, size: tuple[int, int, int]) -> Run:
    batch, group, steps = size
    return Run(layers, config, whitening, group).train(images, labels, batch, steps)


def golden(name: str, layers: list, config: dict, whitening: np.ndarray, train, test) -> tuple[dict, dict]:
    """Tensors and figures of a preset."""
    settings, config = config, slower(config)
    run = trained(layers, config, whitening, *train, LONG)
    short = trained(layers, config, whitening, *train, SHORT)
    arrays = {f"{name}/{key}": projections(key, value) for key, value in run.states().items()}
    states = {key: value for key, value in short.states().items() if not key.startswith("averaged/")}
    arrays |= {f"{name}/short/{key}": projections(key, value) for key, value in states.items()}
    rates = [rate(config, step) for step in range(STEPS)]
    evaluated = run.evaluated(*test)
    print(f"{name}:", " ".join(f"{loss:.4f}" for loss in run.losses), f"then {evaluated:.4f}")
    print("  short:", " ".join(f"{loss:.4f}" for loss in short.losses))
    changed = {key: config[key] for key in config if config[key] != settings[key]}
    figures = {"settings": settings, "changed": changed, "rates": rates, "losses": run.losses, "evaluated": evaluated}
    figures["short"] = {"losses": short.losses}
    return arrays, figures


def main() -> None:
    tf.config.experimental.enable_op_determinism()
    train, test = in_float64(*records("train", STEPS * LONG[0])), in_float64(*records("test", LONG[0]))
    whitening = whitening_kernel(train[0])
    arrays, described = {"whitening": np.ascontiguousarray(whitening, np.float32)}, {}
    for name, (layers, config) in PRESETS.items():
        found, described[name] = golden(name, layers, config, whitening, train, test)
        arrays |= found
    save_file(arrays, FIXTURES / "golden_presets.safetensors")
    figures = {
        "what": "Made by tests/reference/presets.py",
        "versions": {"keras": keras.__version__, "tensorflow": tf.__version__, "python": platform.python_version()},
        "presets": described,
    }
    (FIXTURES / "golden_presets.json").write_text(json.dumps(figures, indent=1) + "\n")


if __name__ == "__main__":
    main()
