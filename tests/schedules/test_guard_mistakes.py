"""The mistakes that people make most, each in a real loop, and what the guard says of it."""

import copy

import pytest
import torch
from loops import BATCHES, Loop, cosine, every_3, fall, straight, warm_up
from torch import nn
from torch.optim.lr_scheduler import (
    ChainedScheduler,
    CosineAnnealingLR,
    ExponentialLR,
    LinearLR,
    OneCycleLR,
    ReduceLROnPlateau,
    StepLR,
)

from lrcourse import guard, simulate
from lrcourse.schedules import PlanError


def scheduler_first():
    loop = Loop()
    scheduler = every_3(loop.optimizer)

    def batch():
        loop.optimizer.zero_grad()
        loop.backward()
        scheduler.step()
        loop.optimizer.step()

    with guard(loop.optimizer, every_3, steps=36):
        loop.train(batch=batch)


def scheduler_first_in_the_epoch():
    loop = Loop()
    scheduler = fall(loop.optimizer)
    with guard(loop.optimizer, per_epoch=fall, steps_per_epoch=BATCHES, steps=36):
        for _ in range(6):
            scheduler.step()
            loop.train(epochs=1)


def each_batch_instead_of_epoch():
    loop = Loop()
    scheduler = every_3(loop.optimizer)
    with guard(loop.optimizer, simulate(every_3, 6), steps_per_epoch=BATCHES):
        loop.train(after_batch=scheduler.step)


def each_batch_of_a_plan_written_out():
    loop = Loop()
    scheduler = every_3(loop.optimizer)
    with guard(loop.optimizer, [lr for lr in simulate(every_3, 6) for _ in range(BATCHES)]):
        loop.train(after_batch=scheduler.step)


def each_epoch_instead_of_batch():
    loop = Loop()
    scheduler = straight(loop.optimizer)
    with guard(loop.optimizer, straight, steps=36):
        loop.train(after_epoch=scheduler.step)


def each_epoch_of_steps_in_batches():
    loop = Loop()
    scheduler = StepLR(loop.optimizer, 14)
    with guard(loop.optimizer, lambda o: StepLR(o, 14), steps=36):
        loop.train(after_epoch=scheduler.step)


def stepped_twice():
    loop = Loop()
    scheduler = cosine(loop.optimizer)

    def twice():
        scheduler.step()
        scheduler.step()

    with guard(loop.optimizer, cosine, steps=36):
        loop.train(after_batch=twice)


def each_batch_of_an_accumulation():
    loop = Loop()
    scheduler, seen = cosine(loop.optimizer), []

    def batch():
        loop.backward()
        seen.append(1)
        if len(seen) % 3 == 0:
            loop.optimizer.step()
            loop.optimizer.zero_grad()
        scheduler.step()

    with guard(loop.optimizer, cosine, steps=12):
        loop.train(batch=batch)


def total_counted_in_batches():
    loop = Loop()

    def one_cycle(optimizer, total=12):
        return OneCycleLR(optimizer, 0.1, total_steps=total)

    scheduler, seen = one_cycle(loop.optimizer, 36), []

    def batch():
        loop.backward()
        seen.append(1)
        if len(seen) % 3 == 0:
            loop.optimizer.step()
            loop.optimizer.zero_grad()
            scheduler.step()

    with guard(loop.optimizer, one_cycle, steps=12):
        loop.train(batch=batch)


def stopped(make=cosine, optimizer=torch.optim.Adam):
    """Return a loop that was ended after two epochs, and its scheduler."""
    loop = Loop(optimizer)
    scheduler = make(loop.optimizer)
    loop.train(epochs=2, after_batch=scheduler.step)
    return loop, scheduler


def restarted_from_0():
    before, _ = stopped()
    loop = before.copy(torch.optim.Adam)
    loop.optimizer.load_state_dict(before.optimizer.state_dict())
    scheduler = straight(loop.optimizer)
    with guard(loop.optimizer, straight, steps=36):
        loop.train(epochs=4, after_batch=scheduler.step)


def restarted_before_loading():
    before, _ = stopped()
    loop = before.copy(torch.optim.Adam)
    scheduler = cosine(loop.optimizer)
    loop.optimizer.load_state_dict(before.optimizer.state_dict())
    with guard(loop.optimizer, cosine, steps=36):
        loop.train(epochs=4, after_batch=scheduler.step)


def only_scheduler_loaded():
    before, saved = stopped(optimizer=torch.optim.SGD)
    loop = before.copy()
    scheduler = cosine(loop.optimizer)
    scheduler.load_state_dict(saved.state_dict())
    with guard(loop.optimizer, cosine, steps=36, first_step=13):
        loop.train(epochs=4, after_batch=scheduler.step)


def last_epoch_too_high():
    before, saved = stopped()
    loop = before.copy(torch.optim.Adam)
    loop.optimizer.load_state_dict(before.optimizer.state_dict())
    scheduler = CosineAnnealingLR(loop.optimizer, T_max=40, last_epoch=saved.last_epoch)
    with guard(loop.optimizer, cosine, steps=36):
        loop.train(epochs=4, after_batch=scheduler.step)


def first_step_not_told():
    before, saved = stopped(optimizer=torch.optim.SGD)
    loop = before.copy()
    scheduler = cosine(loop.optimizer)
    loop.optimizer.load_state_dict(before.optimizer.state_dict())
    scheduler.load_state_dict(saved.state_dict())
    with guard(loop.optimizer, simulate(cosine, 36)):
        loop.train(epochs=4, after_batch=scheduler.step)


def scaled(loop, scheduler, make, overflow_at):
    """Train with a GradScaler whose gradients overflow at some batch."""
    scaler, seen = torch.amp.GradScaler("cpu"), []

    def batch():
        loop.optimizer.zero_grad()
        scaler.scale(loop.layers(torch.ones(3, 2)).square().sum()).backward()
        seen.append(1)
        if len(seen) == overflow_at:
            next(loop.layers.parameters()).grad.fill_(torch.inf)
        scaler.step(loop.optimizer)
        scaler.update()

    with guard(loop.optimizer, make, steps=36):
        loop.train(batch=batch, after_batch=scheduler.step)


def skipped_by_the_scaler():
    loop = Loop()
    scaled(loop, cosine(loop.optimizer), cosine, overflow_at=5)


def skipped_by_the_scaler_at_once():
    loop = Loop()
    scaled(loop, cosine(loop.optimizer), cosine, overflow_at=1)


def skipped_by_a_fused_optimizer():
    loop = Loop(lambda params, lr: torch.optim.SGD(params, lr=lr, fused=True))
    scaled(loop, cosine(loop.optimizer), cosine, overflow_at=5)


def gradients_gone():
    loop = Loop()
    scheduler, seen = cosine(loop.optimizer), []

    def batch():
        loop.backward()
        seen.append(1)
        if len(seen) == 4:
            loop.optimizer.zero_grad()
        loop.optimizer.step()

    with guard(loop.optimizer, cosine, steps=36):
        loop.train(batch=batch, after_batch=scheduler.step)


def scheduler_of_another_optimizer():
    loop = Loop()
    scheduler = cosine(loop.optimizer)
    loop.optimizer = torch.optim.SGD(loop.layers.parameters(), lr=0.1)
    with guard(loop.optimizer, cosine, steps=36):
        loop.train(after_batch=scheduler.step)


def never_stepped():
    loop = Loop()
    scheduler = every_3(loop.optimizer)
    with guard(loop.optimizer, every_3, steps=36):
        loop.train()
    scheduler.step()


def written_by_hand():
    loop = Loop()
    scheduler, seen = cosine(loop.optimizer), []

    def after_batch():
        scheduler.step()
        seen.append(1)
        if len(seen) == 4:
            loop.optimizer.param_groups[0]["lr"] = 0.03

    with guard(loop.optimizer, cosine, steps=36):
        loop.train(after_batch=after_batch)


def loaded_in_the_middle():
    loop = Loop()
    scheduler, saved = cosine(loop.optimizer), []

    def after_batch():
        scheduler.step()
        saved.append(copy.deepcopy(loop.optimizer.state_dict()))
        if len(saved) == 7:
            loop.optimizer.load_state_dict(saved[2])

    with guard(loop.optimizer, cosine, steps=36):
        loop.train(after_batch=after_batch)


def loaded_another_lr():
    old, loop = Loop(lr=0.5), Loop()
    loop.optimizer.load_state_dict(old.optimizer.state_dict())
    scheduler = cosine(loop.optimizer)
    with guard(loop.optimizer, simulate(cosine, 36, lr=0.1)):
        loop.train(after_batch=scheduler.step)


def group_added_late():
    loop = Loop()
    scheduler = warm_up(loop.optimizer)
    head = nn.Linear(2, 2)
    loop.optimizer.add_param_group({"params": head.parameters(), "lr": 0.1})
    head(torch.ones(1, 2)).sum().backward()
    with guard(loop.optimizer, warm_up, steps=36):
        loop.train(after_batch=scheduler.step)


def group_added_to_the_training():
    loop = Loop()
    scheduler = fall(loop.optimizer)
    with guard(loop.optimizer, fall, steps=36):
        loop.train(epochs=1, after_batch=scheduler.step)
        loop.optimizer.add_param_group({"params": nn.Linear(2, 2).parameters(), "lr": 0.1})
        loop.train(epochs=1, after_batch=scheduler.step)


def group_with_another_lr():
    loop = Loop(groups=2)
    loop.optimizer.param_groups[1]["lr"] = 0.01
    scheduler = cosine(loop.optimizer)
    with guard(loop.optimizer, simulate(cosine, 36, lr=0.1)):
        loop.train(after_batch=scheduler.step)


def two_schedulers():
    loop = Loop()
    first, second = fall(loop.optimizer), cosine(loop.optimizer)

    def both():
        first.step()
        second.step()

    with guard(loop.optimizer, cosine, steps=36):
        loop.train(after_batch=both)


def plateau_each_batch():
    loop = Loop()
    scheduler = ReduceLROnPlateau(loop.optimizer, factor=0.5, patience=3)
    with guard(loop.optimizer, [0.1] * 6, steps_per_epoch=BATCHES):
        loop.train(after_batch=lambda: scheduler.step(1.0))


def other_losses():
    loop = Loop()

    def plateau(optimizer):
        return ReduceLROnPlateau(optimizer, factor=0.5, patience=0)

    scheduler = plateau(loop.optimizer)
    options = {"steps_per_epoch": BATCHES, "metrics": [5.0, 4.0, 3.0, 2.0, 1.0, 0.5]}
    with guard(loop.optimizer, per_epoch=plateau, steps=36, **options):
        loop.train(after_epoch=lambda: scheduler.step(1.0))


def warm_up_forgotten():
    loop = Loop()
    scheduler = cosine(loop.optimizer)
    with guard(loop.optimizer, simulate(warm_up, 36)):
        loop.train(after_batch=scheduler.step)


def made_anew_each_epoch():
    loop = Loop()
    with guard(loop.optimizer, straight, steps=36):
        for _ in range(4):
            scheduler = straight(loop.optimizer)
            loop.train(epochs=1, after_batch=scheduler.step)


def other_gamma():
    loop = Loop()
    scheduler = ExponentialLR(loop.optimizer, 0.8)
    with guard(loop.optimizer, fall, steps=36):
        loop.train(after_batch=scheduler.step)


def last_batch_counted():
    loop = Loop()
    scheduler = every_3(loop.optimizer)
    with guard(loop.optimizer, per_epoch=every_3, steps_per_epoch=BATCHES - 1, steps=5 * 6):
        loop.train(after_epoch=scheduler.step)


def longer_than_planned():
    loop = Loop()
    scheduler = fall(loop.optimizer)
    with guard(loop.optimizer, fall, steps=30):
        loop.train(after_batch=scheduler.step)


def in_a_chain():
    loop = Loop()

    def chained(optimizer):
        return ChainedScheduler([fall(optimizer), LinearLR(optimizer, 0.1, total_iters=5)])

    scheduler = chained(loop.optimizer)
    with guard(loop.optimizer, chained, steps=36):
        loop.train(after_batch=lambda: (scheduler.step(), scheduler.step()))


def left_out_once():
    loop = Loop()
    scheduler, seen = straight(loop.optimizer), []

    def after_batch():
        seen.append(1)
        if len(seen) != 5:
            scheduler.step()

    with guard(loop.optimizer, straight, steps=36):
        loop.train(after_batch=after_batch)


def saved_before_the_scheduler():
    loop, scheduler = stopped(straight)
    loop.batch()
    saved = copy.deepcopy((loop.optimizer.state_dict(), scheduler.state_dict()))
    scheduler.step()
    again = loop.copy(torch.optim.Adam)
    later = straight(again.optimizer)
    again.optimizer.load_state_dict(saved[0])
    later.load_state_dict(saved[1])
    with guard(again.optimizer, straight, steps=36):
        again.train(epochs=3, after_batch=later.step)


def accumulated_two():
    loop = Loop()
    scheduler, seen = cosine(loop.optimizer), []

    def batch():
        loop.backward()
        seen.append(1)
        if len(seen) % 2 == 0:
            loop.optimizer.step()
            loop.optimizer.zero_grad()
        scheduler.step()

    with guard(loop.optimizer, cosine, steps=18):
        loop.train(batch=batch)


def both_each_batch():
    loop = Loop()
    one, other = straight(loop.optimizer), StepLR(loop.optimizer, 2)

    def both():
        one.step()
        other.step()

    options = {"per_epoch": lambda o: StepLR(o, 2), "steps_per_epoch": BATCHES}
    with guard(loop.optimizer, straight, steps=36, **options):
        loop.train(after_batch=both)


def epochs_shorter_than_planned():
    loop = Loop()
    scheduler = every_3(loop.optimizer)
    with guard(loop.optimizer, simulate(every_3, 9), steps_per_epoch=BATCHES + 1):
        loop.train(after_epoch=scheduler.step)


def loop_left_before_the_scheduler():
    loop = Loop()
    scheduler, seen = straight(loop.optimizer), []

    def batch():
        seen.append(1)
        if len(seen) != 4:  # a batch that is left out, though the scheduler goes on
            loop.batch()

    with guard(loop.optimizer, straight, steps=36):
        loop.train(batch=batch, after_batch=scheduler.step)


def another_lr_in_the_code():
    loop = Loop(lr=0.2)
    scheduler = cosine(loop.optimizer)
    with guard(loop.optimizer, simulate(cosine, 36, lr=0.1)):
        loop.train(after_batch=scheduler.step)


def by_a_formula():
    loop = Loop()
    scheduler = fall(loop.optimizer)
    with guard(loop.optimizer, [0.1 * 0.9**step for step in range(36)]):
        loop.train(after_batch=scheduler.step)


# The step that is named, and what it is said to fit with.
MISTAKES = {
    scheduler_first: (3, "scheduler.step() called before optimizer.step() (StepLR was stepped 3 times where"),
    scheduler_first_in_the_epoch: (1, "scheduler.step() called at the beginning of the epoch, not at its end"),
    each_batch_instead_of_epoch: (4, "scheduler.step() called once a batch where once an epoch was planned"),
    each_batch_of_a_plan_written_out: (4, "scheduler.step() called once a batch where once an epoch was planned"),
    each_epoch_instead_of_batch: (2, "LambdaLR not stepped: scheduler.step() is missing, or stands outside the loop"),
    each_epoch_of_steps_in_batches: (15, "scheduler.step() called once an epoch where once a batch was planned"),
    stepped_twice: (2, "scheduler.step() called twice for each step: in 2 places, or once a batch while 2 are accum"),
    in_a_chain: (2, "scheduler.step() called twice for each step"),
    each_batch_of_an_accumulation: (1, "once a batch, while the gradients of 3 are accumulated"),
    accumulated_two: (1, "before optimizer.step(), or once a batch while 2 are accumulated"),
    total_counted_in_batches: (2, "gone through about 3.8 times as slowly, as if its length were counted in something"),
    restarted_from_0: (13, "the plan from its start again: a scheduler that was made anew and not loaded"),
    restarted_before_loading: (14, "the plan from its start again: a scheduler that was made anew and not loaded"),
    only_scheduler_loaded: (13, "the lr that the run began with: the scheduler was loaded, the optimizer was not"),
    last_epoch_too_high: (14, "a scheduler that goes on from another step: last_epoch is wrong"),
    saved_before_the_scheduler: (14, "a scheduler that goes on one too early: saved before its step()"),
    first_step_not_told: (1, "a run that goes on at step 13"),
    skipped_by_the_scaler: (
        5,
        "scheduler.step() after a step that GradScaler skipped (CosineAnnealingLR was stepped 5",
    ),
    skipped_by_the_scaler_at_once: (1, "scheduler.step() after a step that GradScaler skipped, or before optimizer.st"),
    skipped_by_a_fused_optimizer: (5, "scheduler.step() after a step that GradScaler skipped"),
    gradients_gone: (4, "scheduler.step() after a step() that moved nothing, for no weight had a gradient"),
    loop_left_before_the_scheduler: (4, "scheduler.step() called where no step was made"),
    scheduler_of_another_optimizer: (2, "acts on this optimizer; CosineAnnealingLR acts on another one over the same"),
    never_stepped: (4, "StepLR not stepped: scheduler.step() is missing"),
    left_out_once: (6, "one scheduler.step() left out"),
    written_by_hand: (5, "an lr written after CosineAnnealingLR had set 0.0975528: by hand, or loaded."),
    loaded_in_the_middle: (8, "by hand, or loaded; it is the lr planned for step 4"),
    loaded_another_lr: (1, "another base lr: the optimizer began with 0.5, though it was made with 0.1, 5 times the"),
    another_lr_in_the_code: (1, "another base lr: the optimizer began with 0.2, 2 times the plan's"),
    group_added_late: (1, "param group 1 added after the scheduler was made"),
    group_added_to_the_training: (7, "param group 1 added after the plan was made"),
    group_with_another_lr: (
        1,
        "a base lr of its own of param group 1: it began with 0.01; the plan has one lr for all",
    ),
    two_schedulers: (2, "2 schedulers on one optimizer, each changing what the other has set: ExponentialLR (stepped"),
    both_each_batch: (
        3,
        "schedulers at another pace: stepped were LambdaLR twice and StepLR twice, where the plan has",
    ),
    plateau_each_batch: (6, "ReduceLROnPlateau stepped once a batch (5 times in 5 steps), so that its patience counts"),
    other_losses: (13, "ReduceLROnPlateau, stepped twice as planned, but given other results"),
    warm_up_forgotten: (1, "a warm-up that is missing: this lr is planned for step 6, at its end"),
    made_anew_each_epoch: (7, "a scheduler that was made anew on the way"),
    other_gamma: (2, "other settings than planned of ExponentialLR, which was stepped as often as planned"),
    last_batch_counted: (16, "epochs of more steps than the 5 that were planned"),
    epochs_shorter_than_planned: (19, "epochs of fewer steps than the 7 that were planned"),
    longer_than_planned: (31, "epochs of more steps than were counted, or with a run that goes on past its plan"),
    by_a_formula: (4, "the same schedule, computed in another way"),
}


@pytest.mark.filterwarnings("ignore:Detected call of `lr_scheduler.step:UserWarning")
@pytest.mark.filterwarnings("ignore:Seems like `optimizer.step:UserWarning")
@pytest.mark.parametrize("mistake", MISTAKES, ids=lambda mistake: mistake.__name__)
def test_a_broken_loop_is_ended_with_its_cause(mistake):
    step, words = MISTAKES[mistake]
    with pytest.raises(PlanError) as caught:
        mistake()
    fact, fits, advice = str(caught.value).split("\n")
    assert (caught.value.step, fact.split(",")[0].split(" was")[0]) == (step, f"step {step}")
    assert fits.startswith("This fits with ") and words in fits and fits.endswith(".")
    assert advice and max(map(len, (fact, fits, advice))) <= 200
