"""Lightning's ``Trainer``: what it trains is recorded from the first step to the last, by one callback."""

from itertools import compress

import pytest
import torch
from small_training import (
    BATCHES,
    LR,
    NotingScaler,
    assert_recorded,
    assert_same,
    halving,
    hooks,
    loss_of,
    make_loader,
    make_net,
    planned,
    weights,
)

pl = pytest.importorskip("lightning.pytorch", exc_type=ModuleNotFoundError)
pytestmark = [
    pytest.mark.filterwarnings("ignore:`isinstance.treespec, LeafSpec.` is deprecated"),
    pytest.mark.filterwarnings("ignore:`weights_only` was not set"),
    pytest.mark.filterwarnings("ignore:The 'train_dataloader' does not have many workers"),
    pytest.mark.filterwarnings("ignore:Detected call of `lr_scheduler.step..` before"),
]


class Small(pl.LightningModule):
    def __init__(self, make_optimizer=torch.optim.Adam):
        super().__init__()
        self.net, self.make_optimizer, self.fails_at = make_net(), make_optimizer, None

    def training_step(self, batch, number):
        if self.global_step == self.fails_at:
            raise ZeroDivisionError
        return loss_of(self.net, batch)

    def configure_optimizers(self):
        optimizer = self.make_optimizer(self.parameters(), lr=LR)
        return {"optimizer": optimizer, "lr_scheduler": {"scheduler": halving(optimizer), "interval": "step"}}


class Two(Small):
    """Two optimizers that take turns, as in a GAN."""

    def __init__(self):
        super().__init__()
        self.automatic_optimization, self.other = False, make_net()

    def training_step(self, batch, number):
        for optimizer, net in zip(self.optimizers(), (self.net, self.other), strict=True):
            optimizer.zero_grad()
            self.manual_backward(loss_of(net, batch))
            optimizer.step()
        self.lr_schedulers().step()

    def configure_optimizers(self):
        first = torch.optim.SGD(self.net.parameters(), lr=LR)
        return [first, torch.optim.SGD(self.other.parameters(), lr=0.1)], [halving(first)]


def fit(module, *callbacks, epochs=2, checkpoint=None, **options):
    quiet = dict.fromkeys(["logger", "enable_checkpointing", "enable_progress_bar", "enable_model_summary"], False)
    trainer = pl.Trainer(accelerator="cpu", max_epochs=epochs, callbacks=[*callbacks], **quiet, **options)
    trainer.fit(module, make_loader(), ckpt_path=checkpoint)
    return trainer


@pytest.fixture
def recorder():
    from lrcourse.integrations.lightning import Recorder

    return Recorder()


def test_a_fit_is_recorded_and_changed_by_nothing(recorder):
    module, other = Small(), Small()
    trainer = fit(module, recorder)
    assert_recorded(recorder.trace, 2 * BATCHES)
    assert list(recorder.trace.layers) == [f"net.{i}.{name}" for i in (0, 2) for name in ("weight", "bias")]
    assert not hooks(trainer.optimizers[0])
    fit(other)
    assert_same(weights(module), weights(other))


def test_accumulated_gradients_are_one_step(recorder):
    fit(Small(), recorder, accumulate_grad_batches=3)  # and what is left at the end of an epoch is another
    assert_recorded(recorder.trace, 2 * 3)


@pytest.mark.parametrize("make_optimizer", [torch.optim.Adam, torch.optim.SGD], ids=["Adam", "SGD"])
def test_a_fit_from_a_checkpoint_goes_on_counting(make_optimizer, recorder, tmp_path):
    fit(Small(make_optimizer), recorder, epochs=1).save_checkpoint(tmp_path / "one.ckpt")
    assert_recorded(recorder.trace, BATCHES)
    fit(Small(make_optimizer), recorder, checkpoint=tmp_path / "one.ckpt")
    assert_recorded(recorder.trace, 2 * BATCHES, first=BATCHES + 1)


def test_an_exception_leaves_no_hooks_and_the_steps_before_it(recorder):
    module = Small()
    module.fails_at = 5
    with pytest.raises(ZeroDivisionError):
        fit(module, recorder)
    assert_recorded(recorder.trace, 5)
    assert not hooks(module.optimizers().optimizer)


def test_steps_that_the_scaler_skipped_are_none(recorder):
    from lightning.pytorch.plugins import MixedPrecision

    scaler = NotingScaler()
    trainer = fit(Small(), recorder, plugins=[MixedPrecision("16-mixed", "cpu", scaler)])
    made = [not skipped for skipped in scaler.skipped]
    assert trainer.global_step == len(made) == 2 * BATCHES > sum(made) > BATCHES
    assert recorder.trace.step == list(range(1, sum(made) + 1))
    assert recorder.trace.base_lr == [*compress(planned(len(made)), made)]  # Lightning steps the scheduler all the same


def test_of_two_optimizers_each_has_its_recorder():
    from lrcourse.integrations.lightning import Recorder

    recorders = [Recorder(optimizer=i) for i in range(2)]
    fit(Two(), *recorders)
    assert_recorded(recorders[0].trace, 2 * BATCHES)
    assert recorders[1].trace.step == recorders[0].trace.step and set(recorders[1].trace.base_lr) == {0.1}
    assert list(recorders[1].trace.layers)[0] == "other.0.weight"


def test_options_are_those_of_record():
    from lrcourse.integrations.lightning import Recorder

    fit(Small(), recorder := Recorder(every=5, first_step=101), epochs=1)
    assert recorder.trace.step == [101, 106]
