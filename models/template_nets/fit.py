"""What the networks share: a convolution of any kernel, Adam on a loss of one's own, digits to draw with."""

import train  # First: it fixes BLAS before numpy loads.

import numpy as np
from onnx import helper


class Conv:
    """A convolution of stride 1 by im2col: kernel and padding as (height, width)."""

    def __init__(self, rng, c_in, c_out, kernel, pad):
        self.kernel, self.pad = kernel, pad
        fan = c_in * kernel[0] * kernel[1]
        self.w = (rng.standard_normal((c_out, c_in, *kernel)) * np.sqrt(2 / fan)).astype(np.float32)
        self.b = np.zeros(c_out, np.float32)

    def forward(self, x):
        (ph, pw), (kh, kw) = self.pad, self.kernel
        self.shape = x.shape
        padded = np.pad(x, ((0, 0), (0, 0), (ph, ph), (pw, pw)))
        self.padded = padded.shape
        windows = np.lib.stride_tricks.sliding_window_view(padded, (kh, kw), axis=(2, 3))
        n, c, h, w = windows.shape[:4]
        self.columns = windows.transpose(0, 2, 3, 1, 4, 5).reshape(n * h * w, c * kh * kw)
        y = self.columns @ self.w.reshape(len(self.w), -1).T + self.b
        return y.reshape(n, h, w, -1).transpose(0, 3, 1, 2)

    def backward(self, g):
        (ph, pw), (kh, kw) = self.pad, self.kernel
        n, c, height, width = self.shape
        h, w = g.shape[2:]
        flat = g.transpose(0, 2, 3, 1).reshape(n * h * w, -1)
        self.grads = [(flat.T @ self.columns).reshape(self.w.shape), flat.sum(axis=0)]
        columns = (flat @ self.w.reshape(len(self.w), -1)).reshape(n, h, w, c, kh, kw)
        back = np.zeros(self.padded, np.float32)
        for i in range(kh):
            for j in range(kw):
                back[:, :, i:i + h, j:j + w] += columns[:, :, :, :, i, j].transpose(0, 3, 1, 2)
        return back[:, :, ph:ph + height, pw:pw + width]

    def node(self, source, result, name):
        """The ONNX node, whose weights are NAME_w and NAME_b."""
        (ph, pw), kernel = self.pad, list(self.kernel)
        return helper.make_node("Conv", [source, f"{name}_w", f"{name}_b"], [result], name,
                                kernel_shape=kernel, pads=[ph, pw, ph, pw])


def softmax(x, axis):
    e = np.exp(x - x.max(axis=axis, keepdims=True))
    return e / e.sum(axis=axis, keepdims=True)


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def forward(layers, x):
    for layer in layers:
        x = layer.forward(x)
    return x


def fit(layers, batch_of, gradient, steps, rate, decay):
    """Adam with decoupled weight decay and a cosine rate.

    `batch_of()` gives (inputs, targets); `gradient(outputs, targets)` that of the loss by the outputs.
    """
    weighted = [layer for layer in layers if hasattr(layer, "w")]
    moments = [[np.zeros_like(p) for p in (l.w, l.b) for _ in range(2)] for l in weighted]
    for step in range(1, steps + 1):
        x, target = batch_of()
        g = gradient(forward(layers, x), target).astype(np.float32)
        for layer in reversed(layers):
            g = layer.backward(g)
        now = rate * 0.5 * (1 + np.cos(np.pi * step / steps))
        for layer, m in zip(weighted, moments):
            for k, (param, grad) in enumerate(zip((layer.w, layer.b), layer.grads)):
                m[2 * k] += 0.1 * (grad - m[2 * k])
                m[2 * k + 1] += 0.001 * (grad * grad - m[2 * k + 1])
                move = m[2 * k] / (1 - 0.9 ** step) / (np.sqrt(m[2 * k + 1] / (1 - 0.999 ** step)) + 1e-8)
                param -= (now * (move + (decay * param if k == 0 else 0))).astype(np.float32)


def weights(**layers):
    """Initializers of named layers."""
    return {f"{name}_{part}": value for name, layer in layers.items() for part, value in (("w", layer.w), ("b", layer.b))}


class Digits:
    """Images of single digits to draw with, 8 by 8, pixels 0 to 16: those to train on, and others to test on."""

    def __init__(self):
        self.train_x, self.test_x, self.train_y, self.test_y = train.load()
        self.train_x, self.test_x = self.train_x.reshape(-1, 8, 8), self.test_x.reshape(-1, 8, 8)

    def pick(self, rng, unseen):
        images, labels = (self.test_x, self.test_y) if unseen else (self.train_x, self.train_y)
        i = rng.integers(len(images))
        return images[i], int(labels[i])
