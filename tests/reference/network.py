"""Writes tests/fixtures/golden_network.safetensors: what Keras computes of the network in golden_network.json.

The network has what the tutorial's has not: padding "same" with even kernels and with stride 2 (of the kernel of 4 with
stride 1 and of that of 5 with stride 2 the larger part is at the end; the kernel of 2 with stride 2 needs none), batch
normalisation with and without scale, GELU and SiLU, a residual layer with a projection, average and global pooling, and
dropout at rate 0. It is computed twice: `batch/…` normalises the 64 records of a step as one group, `groups/…` as two
groups of 32.

- `initial/NAME`: every tensor. Scales, offsets and biases are not what their initialisers say, but small random
  numbers, so that an error in them shows; running statistics are 0 and 1.
- Of the first 64 training records, in training mode: `CASE/logits`, `CASE/loss`, and `CASE/gradient/NAME` of every
  tensor that learns.
- Ten Adam steps of 64 records each, the first 640 in official order: `CASE/losses`, `CASE/final/NAME` of every tensor,
  and after them, in inference mode, `CASE/evaluated`: the logits of the first 64 records.

Names and layout are the crate's (src/network.rs): Keras's layer names, PyTorch's parameter names, kernels
[out, in, height, width], dense matrices [out, in].

A bias right before a batch normalisation is frozen in this network: the mean takes it out again, so its gradient is 0
but for rounding, and Adam makes steps of rounding. It still shows in the running mean.

What Keras's batch normalisation is, read in Keras 3.15.1 and TensorFlow 2.21.0:
- `keras/src/layers/normalization/batch_normalization.py`, `BatchNormalization.__init__`: momentum 0.99 and epsilon
  0.001 by default. `call`: moving = moving · momentum + seen · (1 − momentum) for mean and variance alike, and it
  normalises and moves with one and the same variance, that of `ops.moments`.
- `keras/src/backend/tensorflow/nn.py`, `moments`: it is `tf.nn.moments`, whose variance is a mean of squares ("sample
  variance, not unbiased variance" in `tensorflow/python/ops/nn_impl.py`, `moments`): biased, over the number of values.
- The same file, `batch_normalization`: it is `tf.nn.batch_normalization`, not TensorFlow's fused operator, whose
  variance is over one less. Measured (`measure_variance`) of four values a channel: the fused operator gives the
  unbiased variance, and Keras's moving variance is the biased one, after an eager call and after a compiled
  `train_on_batch`.
- `keras/src/activations/activations.py`, `gelu`: with the error function itself by default; `keras.ops.gelu` by default
  approximates it by tanh, so it is told not to.

`compare_layers` holds the layer below, with one group, to Keras's own.
"""

import json

import keras
import numpy as np
import tensorflow as tf
from safetensors.numpy import save_file

from tutorial import FIXTURES, records

SEED = 1
BATCH = 64
STEPS = 10
# Records that are normalised together.
CASES = {"batch": BATCH, "groups": 32}
CLOSE = 1e-5


class GroupedNormalization(keras.layers.Layer):
    """Batch normalisation over groups of so many records, the next ones each; statistics move once a call."""

    def __init__(self, group: int, scale: bool, epsilon: float, momentum: float, **kwargs):
        super().__init__(**kwargs)
        self.group, self.scale, self.epsilon, self.momentum = group, scale, epsilon, momentum

    def build(self, shape):
        def weight(name: str, initializer: str, trainable: bool):
            return self.add_weight(shape=(shape[-1],), initializer=initializer, trainable=trainable, name=name)

        self.gamma = weight("gamma", "ones", True) if self.scale else None
        self.beta = weight("beta", "zeros", True)
        self.moving_mean = weight("moving_mean", "zeros", False)
        self.moving_variance = weight("moving_variance", "ones", False)

    def call(self, inputs, training=False):
        if not training:
            return self.normalized(inputs, self.moving_mean, self.moving_variance)
        count, rest = divmod(inputs.shape[0], self.group)
        assert rest == 0, "a step has whole groups here"
        axes = list(range(len(inputs.shape) - 1))
        outputs, means, variances = [], [], []
        for group in keras.ops.split(inputs, count):
            mean = keras.ops.mean(group, axes)
            variance = keras.ops.mean(keras.ops.square(group - mean), axes)
            outputs.append(self.normalized(group, mean, variance))
            means.append(mean)
            variances.append(variance)
        self.move(means, variances, [1 / count] * count)
        return keras.ops.concatenate(outputs)

    def normalized(self, inputs, mean, variance):
        output = (inputs - mean) / keras.ops.sqrt(variance + self.epsilon)
        return (output if self.gamma is None else output * self.gamma) + self.beta

    def move(self, means, variances, shares):
        mean = sum(share * m for share, m in zip(shares, means, strict=True))
        spread = [v + keras.ops.square(m - mean) for m, v in zip(means, variances, strict=True)]
        variance = sum(share * s for share, s in zip(shares, spread, strict=True))
        kept = self.momentum
        self.moving_mean.assign(self.moving_mean * kept + mean * (1 - kept))
        self.moving_variance.assign(self.moving_variance * kept + variance * (1 - kept))

    def compute_output_shape(self, shape):
        return shape


class Network:
    """A Keras model of a `ModelSpec`, and its tensors by the crate's names."""

    def __init__(self, spec: dict, group: int):
        self.group = group
        self.names: dict[str, int] = {}
        # Name, layer, Keras's name of the variable in it, whether it learns.
        self.entries: list[tuple[str, keras.layers.Layer, str, bool]] = []
        image = spec["image"]
        inputs = keras.Input((image["height"], image["width"], image["channels"]))
        self.model = keras.Model(inputs, self.all(spec["network"]["layers"], self.pixels(spec["pixels"], inputs)))

    def pixels(self, how, images):
        if how == "unit":
            return images  # tutorial.py has divided them by 255.
        mean, deviation = how["standardized"]["mean"], how["standardized"]["deviation"]
        return keras.layers.Normalization(mean=mean, variance=np.square(deviation))(images)

    def all(self, layers: list[dict], tensor):
        for layer in layers:
            tensor = self.one(layer["layer"], tensor)
        return tensor

    def one(self, layer, tensor):
        kind, fields = (layer, None) if isinstance(layer, str) else next(iter(layer.items()))
        layers = keras.layers
        match kind:
            case "conv":
                return self.conv(fields, tensor)
            case "batch_norm":
                return self.batch_norm(fields, tensor)
            case "activation":
                # Not by name: what "gelu" means is said here.
                gelu = lambda x: keras.ops.gelu(x, approximate=False)  # noqa: E731
                functions = {"relu": keras.ops.relu, "gelu": gelu, "silu": keras.ops.silu}
                return layers.Activation(functions[fields])(tensor)
            case "max_pool":
                return layers.MaxPooling2D(fields["size"])(tensor)
            case "avg_pool":
                return layers.AveragePooling2D(fields["size"])(tensor)
            case "global_max_pool":
                return layers.GlobalMaxPooling2D()(tensor)
            case "global_avg_pool":
                return layers.GlobalAveragePooling2D()(tensor)
            case "dropout":
                return layers.Dropout(fields["rate"])(tensor)
            case "pad":
                width = (fields["width"], fields["width"])
                mode = {"zero": "constant", "reflect": "reflect"}[fields["with"]]
                return keras.ops.pad(tensor, [(0, 0), width, width, (0, 0)], mode)
            case "scale":
                return layers.Rescaling(fields["factor"])(tensor)
            case "flatten":
                # As the crate flattens: channel by channel.
                return layers.Flatten()(layers.Permute((3, 1, 2))(tensor))
            case "dense":
                dense = layers.Dense(fields["units"], use_bias=fields["bias"] is not None)
                return self.add("dense", dense, {"weight": "kernel", "bias": "bias"}, fields, tensor)
            case "residual":
                return self.residual(fields["layers"], tensor)
        raise ValueError(kind)

    def conv(self, fields: dict, tensor):
        conv = keras.layers.Conv2D(
            fields["filters"],
            fields["kernel"],
            strides=fields["stride"],
            padding=fields["padding"],
            use_bias=fields["bias"] is not None,
        )
        return self.add("conv2d", conv, {"weight": "kernel", "bias": "bias"}, fields, tensor)

    def batch_norm(self, fields: dict, tensor):
        norm = GroupedNormalization(self.group, fields["scale"] is not None, fields["epsilon"], fields["momentum"])
        fields = {"weight": fields["scale"], "bias": fields["offset"], "running_mean": None, "running_var": None}
        parts = {"weight": "gamma", "bias": "beta", "running_mean": "moving_mean", "running_var": "moving_variance"}
        return self.add("batch_normalization", norm, parts, fields, tensor)

    def residual(self, inner: list[dict], tensor):
        output = self.all(inner, tensor)
        if output.shape != tensor.shape:
            learnt = {"trainable": True}
            projection = {"filters": output.shape[-1], "kernel": 1, "padding": "valid", "weight": learnt, "bias": None}
            tensor = self.conv(projection | {"stride": -(-tensor.shape[1] // output.shape[1])}, tensor)
        return keras.layers.Add()([output, tensor])

    def add(self, stem: str, layer: keras.layers.Layer, parts: dict[str, str], fields: dict, tensor):
        """Applies a layer with tensors, and notes them down."""
        earlier = self.names.get(stem, 0)
        self.names[stem] = earlier + 1
        name = f"{stem}_{earlier}" if earlier else stem
        tensor = layer(tensor)
        for part, variable in parts.items():
            if getattr(layer, variable) is not None:
                learns = fields[part] is not None and fields[part]["trainable"]
                self.entries.append((f"{name}.{part}", layer, variable, learns))
        return tensor

    def variables(self, learning: bool = False) -> dict[str, keras.Variable]:
        """All, or those that learn."""
        entries = [entry for entry in self.entries if entry[3] or not learning]
        return {name: getattr(layer, variable) for name, layer, variable, _ in entries}

    def assign(self, values: dict[str, np.ndarray]) -> None:
        for name, variable in self.variables().items():
            variable.assign(values[name])

    def values(self) -> dict[str, np.ndarray]:
        return {name: variable.numpy() for name, variable in self.variables().items()}

    def loss_and_gradients(self, images, labels):
        """In training mode: the running statistics move."""
        crossentropy = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
        with tf.GradientTape() as tape:
            logits = self.model(images, training=True)
            loss = crossentropy(labels, logits)
        gradients = tape.gradient(loss, [variable.value for variable in self.variables(learning=True).values()])
        return logits, loss, gradients


def first_values(network: Network) -> dict[str, np.ndarray]:
    """Kernels and matrices as Glorot has them, the others near what they usually begin as."""
    rng = np.random.default_rng(SEED)
    values = {}
    for name, variable in network.variables().items():
        shape = tuple(variable.shape)
        if len(shape) > 1:
            area = int(np.prod(shape[:-2]))
            limit = np.sqrt(6 / (area * (shape[-2] + shape[-1])))
            values[name] = rng.uniform(-limit, limit, shape)
        elif name.endswith("running_mean"):
            values[name] = np.zeros(shape)
        elif name.endswith("running_var"):
            values[name] = np.ones(shape)
        else:
            is_scale = name.startswith("batch_normalization") and name.endswith("weight")
            values[name] = is_scale + 0.1 * rng.standard_normal(shape)
    return {name: value.astype(np.float32) for name, value in values.items()}


def in_layout(prefix: str, values: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """From Keras's layout to PyTorch's."""
    axes = {1: (0,), 2: (1, 0), 4: (3, 2, 0, 1)}
    moved = {f"{prefix}/{name}": value.transpose(axes[value.ndim]) for name, value in values.items()}
    return {name: np.ascontiguousarray(value, np.float32) for name, value in moved.items()}


def case(network: Network, initial: dict[str, np.ndarray], images, labels) -> dict[str, np.ndarray]:
    network.assign(initial)
    logits, loss, gradients = network.loss_and_gradients(images[:BATCH], labels[:BATCH])
    learning = network.variables(learning=True)
    gradients = {name: gradient.numpy() for name, gradient in zip(learning, gradients, strict=True)}
    found = {"logits": logits.numpy(), "loss": np.array([loss]), **in_layout("gradient", gradients)}

    network.assign(initial)
    optimizer = keras.optimizers.Adam(learning_rate=0.001)
    losses = []
    for step in range(STEPS):
        rows = slice(step * BATCH, (step + 1) * BATCH)
        _, loss, gradients = network.loss_and_gradients(images[rows], labels[rows])
        optimizer.apply(gradients, list(learning.values()))
        losses.append(float(loss))
    found |= {"losses": np.array(losses), **in_layout("final", network.values())}
    found["evaluated"] = network.model(images[:BATCH], training=False).numpy()
    return {name: np.asarray(value, np.float32) for name, value in found.items()}


def measure_variance() -> None:
    """Which variance Keras's layer moves its statistics with, of four values a channel: over 4 or over 3."""
    values = np.array([0.0, 1.0, 3.0, 8.0], np.float32)
    maps = values.reshape(4, 1, 1, 1)
    eager = keras.layers.BatchNormalization(momentum=0.0)
    eager(maps, training=True)
    compiled = keras.Sequential([keras.Input((1, 1, 1)), keras.layers.BatchNormalization(momentum=0.0)])
    compiled.compile(optimizer="sgd", loss="mse")
    compiled.train_on_batch(maps, maps)
    one = np.ones(1, np.float32)
    fused = tf.compat.v1.nn.fused_batch_norm(maps, one, one, is_training=True)[2]
    found = [eager.moving_variance.numpy()[0], compiled.layers[0].moving_variance.numpy()[0], fused.numpy()[0]]
    print(f"variance over 4: {values.var()}, over 3: {values.var(ddof=1)}")
    print(f"Keras's moving variance, eagerly: {found[0]}, compiled: {found[1]}; of the fused operator: {found[2]}")
    expected = [values.var(), values.var(), values.var(ddof=1)]
    assert np.allclose(found, expected, rtol=CLOSE, atol=0), found


def compare_layers(images, labels) -> None:
    """The layer above, with one group, and Keras's: the same after some steps, with scale and without."""
    for scale in (True, False):
        norms = [
            GroupedNormalization(BATCH, scale, epsilon=0.001, momentum=0.9),
            keras.layers.BatchNormalization(scale=scale, epsilon=0.001, momentum=0.9),
        ]
        found = []
        for norm in norms:
            conv = keras.layers.Conv2D(8, 3, use_bias=False, kernel_initializer=keras.initializers.GlorotUniform(SEED))
            dense = keras.layers.Dense(10, kernel_initializer=keras.initializers.GlorotUniform(SEED))
            pool = keras.layers.GlobalMaxPooling2D()
            model = keras.Sequential([keras.Input(images.shape[1:]), conv, norm, pool, dense])
            optimizer = keras.optimizers.Adam(learning_rate=0.001)
            crossentropy = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
            for step in range(STEPS):
                rows = slice(step * BATCH, (step + 1) * BATCH)
                with tf.GradientTape() as tape:
                    loss = crossentropy(labels[rows], model(images[rows], training=True))
                gradients = tape.gradient(loss, [variable.value for variable in model.trainable_variables])
                optimizer.apply(gradients, model.trainable_variables)
            logits = [model(images[:BATCH], training=training).numpy() for training in (False, True)]
            found.append([variable.numpy() for variable in model.variables] + logits)
        apart = max(np.abs(a - b).max() for a, b in zip(*found, strict=True))
        print(f"scale {scale}: the layer is at most {apart:.1e} from Keras's after {STEPS} steps")
        assert apart < CLOSE, apart


def main() -> None:
    tf.config.experimental.enable_op_determinism()
    keras.utils.set_random_seed(SEED)
    images, labels = records("train", STEPS * BATCH)
    measure_variance()
    compare_layers(images, labels)

    spec = json.loads((FIXTURES / "golden_network.json").read_text())
    networks = {name: Network(spec, group) for name, group in CASES.items()}
    initial = first_values(networks["batch"])
    arrays = in_layout("initial", initial)
    for name, network in networks.items():
        found = case(network, initial, images, labels)
        arrays |= {f"{name}/{key}": value for key, value in found.items()}
        print(f"{name}: loss {found['loss'][0]:.6f}, then", " ".join(f"{loss:.4f}" for loss in found["losses"]))
    save_file(arrays, FIXTURES / "golden_network.safetensors")


if __name__ == "__main__":
    main()
