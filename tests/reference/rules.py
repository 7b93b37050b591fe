"""Writes tests/fixtures/golden_rules.json and .safetensors: ten steps of each rule of learning on the network in
golden_network.json, for tests/native/golden_rules.rs.

Every case begins with the tensors `initial/…` of golden_network.safetensors and takes ten steps of 64 records each, the
first 640 training records in official order, normalised in groups of 32. The learning rate is another one at each step:
a fifth of its peak, the peak after two steps, then towards nothing. Weights decay, and biases, scales and offsets do not.

- In the JSON, of each case: `config`, the crate's settings; `rates`, the learning rate of each step; `losses`, the mean
  cross-entropy before each step.
- `CASE/NAME`: every tensor that learns, after the steps; in the layout of golden_network.safetensors.

Keras's own optimisers take the steps where they have the rule (their `weight_decay` is the decoupled one, and
`exclude_from_weight_decay` names what does not decay). What Keras has not is written out below: decay that is added to
the gradient, SGD whose rate stays outside the velocity as PyTorch's does, and Muon.
"""

import json
import platform

import keras
import numpy as np
import tensorflow as tf
from safetensors.numpy import load_file, save_file

from network import BATCH, SEED, STEPS, Network, first_values, in_layout
from tutorial import FIXTURES, records

GROUP = 32
# A share of the peak for each step: one cycle.
SHAPE = np.interp(np.arange(STEPS), [0, 0.2 * STEPS, STEPS], [0.2, 1.0, 0.0])
# What does not decay, by Keras's names of variables.
EXCLUDED = ["bias", "gamma", "beta"]


class Keras:
    """One of Keras's own."""

    def __init__(self, optimizer: keras.Optimizer):
        self.optimizer = optimizer
        self.optimizer.exclude_from_weight_decay(var_names=EXCLUDED)

    def step(self, variables: dict, gradients: dict, rate: float) -> None:
        self.optimizer.learning_rate = rate
        self.optimizer.apply(list(gradients.values()), list(variables.values()))


class Written:
    """A rule written out: `move` says where a tensor goes, in `f64`."""

    def __init__(self, config: dict):
        self.config = config
        self.state: dict[str, list] = {}
        self.steps = 0

    def step(self, variables: dict, gradients: dict, rate: float) -> None:
        self.steps += 1
        for name, variable in variables.items():
            w = variable.numpy().astype(np.float64)
            g = np.asarray(gradients[name]).astype(np.float64)
            state = self.state.setdefault(name, [np.zeros_like(w), np.zeros_like(w)])
            variable.assign(self.move(name, w, g, state, rate).astype(variable.dtype))

    def coupled(self, w, g):
        return g + self.config["weight_decay"] * w if w.ndim > 1 else g


class CoupledAdam(Written):
    def move(self, name, w, g, state, rate):
        g = self.coupled(w, g)
        state[0] = 0.9 * state[0] + 0.1 * g
        state[1] = 0.999 * state[1] + 0.001 * g**2
        rate = rate * np.sqrt(1 - 0.999**self.steps) / (1 - 0.9**self.steps)
        return w - rate * state[0] / (np.sqrt(state[1]) + 1e-7)


class OutsideSgd(Written):
    """As PyTorch's `SGD` with `nesterov=True`."""

    def move(self, name, w, g, state, rate):
        g = self.coupled(w, g)
        state[0] = self.config["momentum"] * state[0] + g
        return w - rate * (g + self.config["momentum"] * state[0])


class Muon(OutsideSgd):
    """For the kernels and matrices but the last one; SGD for the rest. A kernel is a matrix of its filters, a dense
    matrix one of its units."""

    def __init__(self, config: dict, last: str):
        super().__init__(config)
        self.last = last

    def move(self, name, w, g, state, rate):
        if w.ndim == 1 or name == self.last:
            return super().move(name, w, g, state, rate)
        mu = self.config["muon_momentum"]
        state[0] = mu * state[0] + g
        u = g + mu * state[0]
        filters = w.shape[-1]
        m = np.moveaxis(u, -1, 0).reshape(filters, -1)
        m = m / np.linalg.norm(m)
        is_tall = m.shape[0] > m.shape[1]
        m = m.T if is_tall else m
        a, b, c = 3.4445, -4.7750, 2.0315
        for _ in range(self.config["muon_iterations"]):
            gram = m @ m.T
            m = a * m + (b * gram + c * gram @ gram) @ m
        m = m.T if is_tall else m
        moved = np.moveaxis(m.reshape(filters, *w.shape[:-1]), 0, -1)
        w = w * np.sqrt(filters) / np.linalg.norm(w)
        return w - rate * self.config["muon_lr"] / self.config["lr"] * moved


def cases(last: str) -> dict[str, tuple[dict, object]]:
    """Settings, as the crate has them, and who takes the steps."""
    optimizers = keras.optimizers
    nesterov = {"momentum": 0.9, "nesterov": "on"}
    decoupled = {"weight_decay": 1.0, "decay": "decoupled"}
    coupled = {"weight_decay": 0.05, "decay": "coupled"}
    found = {
        "adam": ({"optimizer": "adam", "lr": 0.002} | decoupled, Keras(optimizers.Adam(weight_decay=1.0))),
        "adamw": ({"optimizer": "adamw", "lr": 0.002} | decoupled, Keras(optimizers.AdamW(weight_decay=1.0))),
        "sgd": ({"optimizer": "sgd", "lr": 0.05} | decoupled, Keras(optimizers.SGD(weight_decay=1.0))),
        "momentum": (
            {"optimizer": "sgd", "lr": 0.02, "momentum": 0.9} | decoupled,
            Keras(optimizers.SGD(momentum=0.9, weight_decay=1.0)),
        ),
        "nesterov": (
            {"optimizer": "sgd", "lr": 0.02} | nesterov | decoupled,
            Keras(optimizers.SGD(momentum=0.9, nesterov=True, weight_decay=1.0)),
        ),
        "rmsprop": ({"optimizer": "rmsprop", "lr": 0.001} | decoupled, Keras(optimizers.RMSprop(weight_decay=1.0))),
        "rmsprop-momentum": (
            {"optimizer": "rmsprop", "lr": 0.001, "momentum": 0.5} | decoupled,
            Keras(optimizers.RMSprop(momentum=0.5, weight_decay=1.0)),
        ),
    }
    written = {
        "coupled-adam": {"optimizer": "adam", "lr": 0.002} | coupled,
        "outside": {"optimizer": "sgd", "lr": 0.02, "velocity": "rate-outside"} | nesterov | coupled,
        "muon": {"optimizer": "muon", "lr": 0.02, "velocity": "rate-outside", "muon_lr": 0.03, "muon_momentum": 0.6,
                 "muon_iterations": 3} | nesterov | coupled,
    }
    found["coupled-adam"] = (written["coupled-adam"], CoupledAdam(written["coupled-adam"]))
    found["outside"] = (written["outside"], OutsideSgd(written["outside"]))
    found["muon"] = (written["muon"], Muon(written["muon"], last))
    return found


def main() -> None:
    tf.config.experimental.enable_op_determinism()
    keras.utils.set_random_seed(SEED)
    images, labels = records("train", STEPS * BATCH)
    spec = json.loads((FIXTURES / "golden_network.json").read_text())
    network = Network(spec, GROUP)
    initial = first_values(network)
    # They are those that the other golden begins with.
    before = load_file(FIXTURES / "golden_network.safetensors")
    assert all(np.array_equal(before[name], value) for name, value in in_layout("initial", initial).items())
    learning = network.variables(learning=True)
    last = [name for name in learning if name.startswith("dense") and name.endswith("weight")][-1]

    arrays, described = {}, {}
    for case, (config, rule) in cases(last).items():
        network.assign(initial)
        rates = [float(config["lr"] * share) for share in SHAPE]
        losses = []
        for step, rate in enumerate(rates):
            rows = slice(step * BATCH, (step + 1) * BATCH)
            _, loss, gradients = network.loss_and_gradients(images[rows], labels[rows])
            rule.step(learning, dict(zip(learning, gradients, strict=True)), rate)
            losses.append(float(loss))
        final = {name: variable.numpy() for name, variable in learning.items()}
        arrays |= in_layout(case, final)
        described[case] = {"config": config, "rates": rates, "losses": losses}
        print(f"{case}:", " ".join(f"{loss:.4f}" for loss in losses))
    save_file(arrays, FIXTURES / "golden_rules.safetensors")
    figures = {
        "what": "Made by tests/reference/rules.py",
        "versions": {"keras": keras.__version__, "tensorflow": tf.__version__, "python": platform.python_version()},
        "cases": described,
    }
    (FIXTURES / "golden_rules.json").write_text(json.dumps(figures, indent=1) + "\n")


if __name__ == "__main__":
    main()
