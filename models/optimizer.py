"""Muon for the matrices, AdamW for the embedding and the norms, as one object with one schedule."""

import torch


def orthogonalize(g, steps: int = 5):
    """The nearest matrix with all singular values near 1, by a quintic Newton-Schulz iteration. g: [rows, columns].

    Each step multiplies by a polynomial of the Gram matrix; the polynomials commute, so they are collected on the small
    side and the wide matrix is touched only twice.
    """
    a, b, c = 3.4445, -4.7750, 2.0315
    tall = g.shape[0] > g.shape[1]
    x = g.T if tall else g
    x = x / (x.norm() + 1e-7)
    gram = x @ x.T
    identity = torch.eye(len(gram))
    product = identity
    for step in range(steps):
        factor = a * identity + b * gram + c * gram @ gram
        product = factor if step == 0 else factor @ product
        if step + 1 < steps:
            gram = factor @ factor @ gram
    x = product @ x
    return x.T if tall else x


class Muon(torch.optim.Optimizer):
    """Momentum, then an orthogonal update scaled to the root mean square that AdamW's updates usually have."""

    def __init__(self, params, lr: float, momentum: float = 0.95, weight_decay: float = 0.05):
        super().__init__(params, {"lr": lr, "momentum": momentum, "weight_decay": weight_decay})

    @torch.no_grad()
    def step(self):
        for group in self.param_groups:
            for p in group["params"]:
                if p.grad is None:
                    continue
                buffer = self.state[p].setdefault("momentum", torch.zeros_like(p))
                buffer.lerp_(p.grad, 1 - group["momentum"])
                update = orthogonalize(p.grad.lerp(buffer, group["momentum"]))
                p.mul_(1 - group["lr"] * group["weight_decay"])
                p.add_(update, alpha=-group["lr"] * 0.2 * max(p.shape) ** 0.5)


class Optimizers:
    """Both optimizers; `scale` (0 to 1) multiplies the base learning rates at each step."""

    def __init__(self, model, muon_lr: float, adam_lr: float):
        matrices = [p for n, p in model.named_parameters() if n.endswith("_proj.weight")]
        others = [p for n, p in model.named_parameters() if not n.endswith("_proj.weight")]
        self.all = [
            Muon(matrices, muon_lr),
            torch.optim.AdamW(others, lr=adam_lr, betas=(0.9, 0.98), weight_decay=0.0),
        ]
        self.base = [muon_lr, adam_lr]

    def step(self, scale: float):
        for optimizer, lr in zip(self.all, self.base):
            for group in optimizer.param_groups:
                group["lr"] = lr * scale
            optimizer.step()
            optimizer.zero_grad(set_to_none=True)

    def state_dict(self):
        return [o.state_dict() for o in self.all]

    def load_state_dict(self, states):
        for optimizer, state in zip(self.all, states):
            optimizer.load_state_dict(state)
