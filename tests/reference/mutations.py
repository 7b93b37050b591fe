"""Prints how far ten steps by a wrong rule end from those in golden_presets.safetensors, and how far the right one in
float32 does: what the bounds of tests/native/golden_presets.rs have to tell apart.

A row is a fault; its columns are the largest difference of a step's loss, and after the steps that of weights, running
figures and averages, and that of momenta, each as a share of the tensor's length. `python mutations.py PRESET …`; all of them take some minutes.
"""

import sys
from contextlib import ExitStack
from unittest.mock import patch

import keras
import numpy as np
import tensorflow as tf

import presets
import rules
from presets import LONG, PRESETS, Run, in_float64, slower, trained, whitening_kernel
from tutorial import records


def decoupled(original):
    """Decay outside the velocity, at the step's rate."""

    def move(self, name, w, g, state, rate):
        decay = self.config["weight_decay"] if w.ndim > 1 else 0.0
        return original(self, name, w, g - decay * w, state, rate) - rate * decay * w

    return move


def rate_inside(self, name, w, g, state, rate):
    mu = self.config["momentum"]
    g = self.coupled(w, g)
    state[0] = mu * state[0] - rate * g
    return w + mu * state[0] - rate * g


def no_look_ahead(self, name, w, g, state, rate):
    state[0] = self.config["momentum"] * state[0] + self.coupled(w, g)
    return w - rate * state[0]


def faults(layers: list, config: dict) -> dict[str, tuple[list, dict, int, list]]:
    """Layers, settings, records of a group, and what is replaced."""
    def settings(**changes):
        return (layers, config | changes, LONG[1], [])

    def replaced(target, name, value):
        return (layers, config, LONG[1], [(target, name, value)])

    def networks(change):
        return ([change(layer) for layer in layers], config, LONG[1], [])

    def norms(**changes):
        def change(layer):
            is_norm = isinstance(layer, dict) and "batch_norm" in layer
            if not is_norm:
                return layer
            fields = layer["batch_norm"]
            return {"batch_norm": fields | {name: value(fields[name]) for name, value in changes.items()}}

        return networks(change)

    def activation(name):
        def change(layer):
            is_smooth = isinstance(layer, dict) and layer.get("activation") in ("gelu", "silu")
            return {"activation": name} if is_smooth else layer

        return networks(change)

    sgd = rules.OutsideSgd
    found = {
        "one group of 64": (layers, config, LONG[0], []),
        "momentum 0.6": settings(momentum=0.6),
        "no look-ahead (Nesterov)": replaced(sgd, "move", no_look_ahead),
        "rate inside the velocity": replaced(sgd, "move", rate_inside),
        "no label smoothing": settings(label_smoothing=0.0),
        "warm-up a step later": settings(warm_up=config["warm_up"] + 0.1),
        "running figures move by the other share": norms(momentum=lambda kept: 1 - kept),
        "epsilon of Keras": norms(epsilon=lambda _: 1e-3),
        "averages each step": replaced(presets, "AVERAGE_EVERY", 1),
        "averages after every tenth": replaced(presets, "AVERAGE_EVERY", 10),
    }
    if config["weight_decay"]:
        found["decay decoupled"] = replaced(sgd, "move", decoupled(sgd.move))
        found["no decay"] = settings(weight_decay=0.0)
    if "muon_lr" in config:
        found |= {
            "Muon's momentum 0.9": settings(muon_momentum=0.9),
            "Muon with 5 iterations": settings(muon_iterations=5),
            "Muon at SGD's rate": settings(muon_lr=config["lr"]),
            "offsets at the plain rate": settings(norm_bias_lr_factor=1),
        }
    else:
        found["offsets at four times the rate"] = settings(norm_bias_lr_factor=4)
    if layers[1] == {"activation": "gelu"}:
        found["SiLU for GELU"] = activation("silu")
    if layers[1] == {"activation": "silu"}:
        found["GELU for SiLU"] = activation("gelu")
    return found


def distances(found: Run, expected: Run) -> tuple[float, float, float]:
    losses = np.abs(np.array(found.losses) - expected.losses).max()
    others = expected.states()
    shares = {"weights": 0.0, "momenta": 0.0}
    for name, value in found.states().items():
        kind = "momenta" if name.startswith("momentum/") else "weights"
        share = np.linalg.norm(value - others[name]) / np.linalg.norm(others[name])
        shares[kind] = max(shares[kind], share)
    return losses, shares["weights"], shares["momenta"]


def in_float32(layers: list, config: dict, whitening: np.ndarray, images, labels) -> Run:
    keras.config.set_floatx("float32")
    keras.config.set_dtype_policy("float32")
    found = trained(layers, config, whitening, images.astype(np.float32), labels, LONG)
    keras.config.set_floatx("float64")
    keras.config.set_dtype_policy("float64")
    return found


def table(name: str, whitening: np.ndarray, train) -> None:
    layers, config = PRESETS[name]
    config = slower(config)
    expected = trained(layers, config, whitening, *train, LONG)
    print(f"{name}: largest difference of a loss, of weights, of momenta")

    def row(fault: str, found: Run) -> None:
        print(f"  {fault:44}", *(f"{apart:.1e}" for apart in distances(found, expected)), flush=True)

    row("right, in float32", in_float32(layers, config, whitening, *train))
    for fault, (layers, config, group, replacements) in faults(layers, config).items():
        with ExitStack() as stack:
            for target, attribute, value in replacements:
                stack.enter_context(patch.object(target, attribute, value))
            row(fault, trained(layers, config, whitening, *train, (LONG[0], group, LONG[2])))


def main() -> None:
    tf.config.experimental.enable_op_determinism()
    train = in_float64(*records("train", LONG[2] * LONG[0]))
    whitening = whitening_kernel(train[0])
    for name in sys.argv[1:] or PRESETS:
        table(name, whitening, train)


if __name__ == "__main__":
    main()
