"""The ``Trainer`` of transformers: what it trains is recorded from the first step to the last, by one callback."""

from contextlib import closing

import pytest
import torch
from small_training import BATCHES, LR, assert_same, hooks, loss_of, make_images, make_net, weights

from lrcourse import simulate

transformers = pytest.importorskip("transformers", exc_type=ModuleNotFoundError)
pytest.importorskip("accelerate", exc_type=ModuleNotFoundError)
STEPS = 2 * BATCHES


class Small(torch.nn.Module):
    """As models of transformers: it takes the labels, too, and returns the loss."""

    def __init__(self):
        super().__init__()
        self.net, self.fails_at = make_net(), None

    def forward(self, images, labels):
        if self.fails_at is not None:
            self.fails_at -= 1
            if self.fails_at < 0:
                raise ZeroDivisionError
        return {"loss": loss_of(self.net, (images, labels))}


def make_trainer(folder, *callbacks, model=None, **options):
    schedule = {"learning_rate": LR, "lr_scheduler_type": "cosine", "warmup_steps": 4, "num_train_epochs": 2}
    quiet = {"report_to": [], "disable_tqdm": True, "save_strategy": "no", "use_cpu": True}
    arguments = {"output_dir": str(folder), "per_device_train_batch_size": 4, **schedule, **quiet, **options}
    images = [{"images": image, "labels": label} for image, label in make_images()]
    arguments = transformers.TrainingArguments(**arguments)
    return transformers.Trainer(model or Small(), arguments, train_dataset=images, callbacks=[*callbacks])


def assert_recorded(trace, steps=STEPS, first=1, most=STEPS):
    def cosine(optimizer):
        return transformers.get_scheduler("cosine", optimizer, num_warmup_steps=4, num_training_steps=most)

    assert trace.step == list(range(first, steps + 1))
    assert trace.base_lr == simulate(cosine, steps, lr=LR)[first - 1 :]
    assert max(trace.everything.residual) < 32


@pytest.fixture
def recorder():
    from lrcourse.integrations.transformers import Recorder

    return Recorder()


def test_a_training_is_recorded_and_changed_by_nothing(recorder, tmp_path):
    ours, other = make_trainer(tmp_path, recorder), make_trainer(tmp_path)
    ours.train()
    assert_recorded(recorder.trace)
    assert {"net.0.weight", "net.2.bias"} < set(recorder.trace.layers)
    assert recorder.trace.optimizer == "AdamW in AcceleratedOptimizer" and not hooks(ours.optimizer.optimizer)
    other.train()
    assert_same(weights(ours.model), weights(other.model))


def test_accumulated_gradients_are_one_step(recorder, tmp_path):
    make_trainer(tmp_path, recorder, gradient_accumulation_steps=3).train()
    assert_recorded(recorder.trace, steps=6, most=6)


def test_a_training_in_half_precision_is_recorded(recorder, tmp_path):
    make_trainer(tmp_path, recorder, bf16=True).train()
    assert_recorded(recorder.trace)


@pytest.mark.parametrize("optim", ["adamw_torch", "sgd"])
def test_a_training_from_a_checkpoint_goes_on_counting(optim, recorder, tmp_path):
    make_trainer(tmp_path, recorder, optim=optim, save_strategy="epoch").train()
    assert_recorded(recorder.trace)
    checkpoint = str(tmp_path / f"checkpoint-{BATCHES}")
    make_trainer(tmp_path, recorder, optim=optim, save_strategy="epoch").train(resume_from_checkpoint=checkpoint)
    assert_recorded(recorder.trace, first=BATCHES + 1)


@pytest.mark.parametrize("optim", ["adamw_torch", "sgd"])
def test_a_second_training_goes_on_counting(optim, recorder, tmp_path):
    trainer = make_trainer(tmp_path, recorder, optim=optim)
    trainer.train()
    trainer.train()
    assert recorder.trace.step == list(range(STEPS + 1, 2 * STEPS + 1))


def test_after_an_exception_the_hooks_go_when_the_recorder_is_closed(recorder, tmp_path):
    trainer = make_trainer(tmp_path, recorder)
    trainer.model.fails_at = 5
    with pytest.raises(ZeroDivisionError), closing(recorder):
        trainer.train()
    assert_recorded(recorder.trace, steps=5)
    assert not hooks(trainer.optimizer.optimizer)


def test_after_an_exception_the_next_training_is_recorded_once(recorder, tmp_path):
    trainer = make_trainer(tmp_path, recorder)
    trainer.model.fails_at = 5
    with pytest.raises(ZeroDivisionError):
        trainer.train()
    failed, trainer.model.fails_at = recorder.trace, None
    trainer.train()
    assert len(failed.step) == 5 and recorder.trace.step == list(range(6, STEPS + 6))
    assert not hooks(trainer.optimizer.optimizer)
