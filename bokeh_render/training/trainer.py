"""One stage's steps: forward, backward, average, log, save; going on from the last checkpoint."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np
import torch
from torch import nn

from ..errors import BokehbenchError
from ..neural.device import half_type
from ..progress import ReportStep, Step
from .batches import draw_batch
from .ema import RunningMean, decay_at
from .examples import Examples
from .initial import draw_weights
from .logs import Log
from .schedule import learning_rate_at
from .stages import Objective
from .state import State, load_state, save_state
from .validation import validate_all

_SAVE_EVERY_SECONDS = 60.0
_BETAS = (0.9, 0.99)


class Trainer:
    """Trains ``objective.network`` on examples; ``mean`` is what is kept of it.

    half: run the networks in 16-bit floats, see :func:`bokeh_render.neural.device.half_type`; weights stay float32.
    Everything random in step n follows from ``seeds`` and n, so that stopping and going on changes no bit (on CPUs,
    with the same number of threads).
    """

    def __init__(
        self,
        objective: Objective,
        examples: Examples,
        validation: Mapping[str, Examples],
        *,
        seeds: Sequence[int],
        folder: Path,
        run_sha256: str,
        device: torch.device,
        log: Log,
        half: bool = False,
    ) -> None:
        self._stage = objective.stage
        self._examples, self._validation = examples, validation
        self._seeds, self._folder, self._sha256 = list(seeds), folder, run_sha256
        self._device, self._log = device, log
        draw_weights(objective.network, self._generator(0, 1))  # on the CPU, where the generator is
        self._objective = objective.to(device).train()
        self._parameters = list(objective.network.parameters())
        self._optimizer = torch.optim.AdamW(self._parameters, betas=_BETAS, weight_decay=self._stage.weight_decay)
        self._half = half
        self._scaler = torch.amp.GradScaler(device.type, enabled=half and device.type == "cuda")  # float16 only
        self.mean = RunningMean(objective.network)
        self.step, self.seconds = 0, 0.0
        self._resume()

    def run(self, stop: Callable[[], bool], report: ReportStep) -> bool:
        """Do the remaining steps; return whether all are done, False when ``stop`` said so after one, state saved."""
        started, before = time.monotonic(), self.seconds
        saved = started
        sums: dict[str, float] = {}
        counted = 0
        while self.step < self._stage.steps:
            terms = self._do_step()
            counted += 1
            for name, value in terms.items():
                sums[name] = sums.get(name, 0.0) + value
            self.seconds = before + time.monotonic() - started
            report(Step(f"training {self._stage.network}", self.step, self._stage.steps, f"loss {terms['loss']:.4f}"))
            due = self.step % self._stage.validate_every == 0 or self.step == self._stage.steps
            if due or self.step % self._stage.log_every == 0:
                row = {name: value / counted for name, value in sums.items()}
                row["learning_rate"] = learning_rate_at(self.step - 1, self._stage)
                if due:
                    row |= self.validate()
                self._log.write(self._stage.network, self.step, {"seconds": self.seconds, **row})
                sums, counted = {}, 0
            if time.monotonic() - saved > _SAVE_EVERY_SECONDS:
                self.save()
                saved = time.monotonic()
            if stop():
                self.save()
                return False
        self.save()
        return True

    def validate(self) -> dict[str, float]:
        """Return the scores of the averaged weights on the validation pairs."""
        network = self._objective.network
        current = {name: value.clone() for name, value in network.state_dict().items()}
        network.load_state_dict(self.mean.weights)
        found = validate_all(self._objective, self._validation, self._device)
        network.load_state_dict(current)
        return found

    def network_with_mean(self) -> nn.Module:
        """Return the network, its weights the averaged ones: training is over."""
        self._objective.network.load_state_dict(self.mean.weights)
        return self._objective.network

    def save(self) -> None:
        """Write the checkpoint."""
        save_state(
            self._folder,
            State(
                self._sha256,
                self._stage.network,
                self.step,
                self.seconds,
                self._objective.network.state_dict(),
                self.mean.weights,
                self._optimizer.state_dict(),
                self._scaler.state_dict(),
            ),
        )

    def _resume(self) -> None:
        state = load_state(self._folder, self._device)
        if state is not None and state.network == self._stage.network and state.run_sha256 == self._sha256:
            self._objective.network.load_state_dict(state.weights)
            self.mean.weights = state.mean
            self._optimizer.load_state_dict(state.optimizer)
            self._scaler.load_state_dict(state.scaler)
            self.step, self.seconds = state.step, state.seconds
        self._log.forget_after(self._stage.network, self.step)

    def _do_step(self) -> dict[str, float]:
        rng = np.random.Generator(np.random.PCG64(np.random.SeedSequence([*self._seeds, self.step, 0])))
        batch = draw_batch(self._examples, self._stage, rng, self._device)
        for group in self._optimizer.param_groups:
            group["lr"] = learning_rate_at(self.step, self._stage)
        self._optimizer.zero_grad(set_to_none=True)
        with torch.autocast(self._device.type, dtype=half_type(self._device), enabled=self._half):
            terms = self._objective.losses(batch, self._generator(self.step, 2))
            loss = torch.stack(list(terms.values())).sum()
        self._scaler.scale(loss).backward()  # type: ignore[no-untyped-call]
        self._scaler.unscale_(self._optimizer)
        norm = torch.nn.utils.clip_grad_norm_(self._parameters, self._stage.clip_norm)
        self._scaler.step(self._optimizer)
        self._scaler.update()
        self.mean.update(self._objective.network, decay_at(self.step, self._stage.ema_decay))
        self.step += 1
        told = {
            "loss": float(loss.detach()),
            **{f"loss_{name}": float(value.detach()) for name, value in terms.items()},
        }
        if not np.isfinite(told["loss"]):
            raise BokehbenchError(
                f"the loss is {told['loss']} at step {self.step}; expected a number: lower learning_rate or clip_norm"
            )
        return {**told, "gradient_norm": float(norm)}

    def _generator(self, step: int, purpose: int) -> torch.Generator:
        state = np.random.SeedSequence([*self._seeds, step, purpose]).generate_state(1, np.uint64)
        return torch.Generator().manual_seed(int(state[0] >> np.uint64(1)))
