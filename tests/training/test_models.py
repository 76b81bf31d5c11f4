import pytest
import torch
import torch.nn.functional as F

from lrcourse import FlipAndCrop, ResNet9, SmallCNN


def test_small_cnn_maps_images_to_ten_logits():
    model = SmallCNN()
    assert model(torch.zeros(5, 3, 32, 32)).shape == (5, 10)
    assert sum(p.numel() for p in model.parameters()) == 33_946


def test_no_convolution_before_a_norm_layer_has_a_bias():
    for make in (SmallCNN, ResNet9):
        assert all(layer.bias is None for layer in make().modules() if isinstance(layer, torch.nn.Conv2d))


def test_one_seed_gives_one_model():
    torch.manual_seed(3)
    first = SmallCNN()
    torch.manual_seed(3)
    assert torch.equal(first[0].weight, SmallCNN()[0].weight)


def test_the_large_net_learns():
    torch.manual_seed(0)
    model, images, labels = ResNet9(), torch.randn(8, 3, 32, 32), torch.arange(8)
    assert sum(p.numel() for p in model.parameters()) == 6_573_130
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
    losses = []
    for _ in range(4):
        optimizer.zero_grad()
        loss = F.cross_entropy(model(images), labels)
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses[-1] < losses[0] / 2
    assert all(p.grad.abs().sum() > 0 for p in model.parameters())


@pytest.mark.parametrize("shape", [(50, 3, 8, 8), (1, 1, 5, 7)])
def test_augmented_images_are_the_mirrored_and_moved_ones(shape):
    torch.manual_seed(0)
    images, augment = torch.randn(shape), FlipAndCrop(padding=2)
    height, width = shape[2:]
    padded = F.pad(images, [2] * 4)
    cut = [padded[:, :, y : y + height, x : x + width] for y in range(5) for x in range(5)]
    possible = torch.stack(cut + [image.flip(-1) for image in cut])
    for _ in range(3):
        changed = augment(images)
        assert changed.shape == shape
        assert (possible == changed).flatten(2).all(-1).any(0).all()


def test_every_place_and_both_sides_come_up_equally_often():
    torch.manual_seed(0)
    image = torch.zeros(1, 1, 8, 8)
    image[0, 0, 3, 2] = 1.0
    seen = FlipAndCrop(padding=1)(image.expand(9000, -1, -1, -1)).sum(0)[0]
    assert seen.sum() == 9000
    assert seen.count_nonzero() == 18
    assert 400 < seen[seen > 0].min() and seen.max() < 600


def test_images_are_left_alone_in_eval_mode():
    images = torch.randn(4, 3, 32, 32)
    assert FlipAndCrop().eval()(images) is images


def test_augmentation_stays_on_the_device_of_the_images_and_shows_its_padding():
    augment = FlipAndCrop()
    assert str(augment) == "FlipAndCrop(padding=4)" and augment.padding == 4
    assert augment(torch.zeros(2, 3, 8, 8, device="meta")).device.type == "meta"
    with pytest.raises(ValueError, match="^padding must be a whole number of pixels, from 0, got -1"):
        FlipAndCrop(-1)


def test_without_padding_images_are_only_mirrored():
    torch.manual_seed(0)
    images = torch.randn(64, 3, 4, 6)
    changed = FlipAndCrop(padding=0)(images)
    mirrored = (changed == images.flip(-1)).flatten(1).all(1)
    assert (mirrored | (changed == images).flatten(1).all(1)).all() and 16 < mirrored.sum() < 48


@pytest.mark.parametrize("make", [SmallCNN, ResNet9])
@pytest.mark.parametrize("classes", [1, 7])
def test_a_net_has_as_many_logits_as_classes_and_is_laid_out_for_convolutions(make, classes):
    model = make(classes)
    assert model(torch.zeros(2, 3, 32, 32)).shape == (2, classes)
    kernels = [one.weight for one in model.modules() if isinstance(one, torch.nn.Conv2d)]
    assert all(kernel.is_contiguous(memory_format=torch.channels_last) for kernel in kernels)
    with pytest.raises(ValueError, match="^classes must be a whole number from 1, got 0"):
        make(0)


def test_the_layers_of_the_small_net_have_names_and_a_block_halves_the_image():
    model, sizes = SmallCNN(), []
    for name, layer in model.named_children():
        if name.startswith("pool"):
            layer.register_forward_hook(lambda module, inputs, output: sizes.append(tuple(output.shape[1:])))
    model(torch.zeros(1, 3, 32, 32))
    assert sizes == [(16, 16, 16), (32, 8, 8), (64, 4, 4)]
    blocks = [f"{kind}{block}" for block in (1, 2, 3) for kind in ("conv", "norm", "relu", "pool")]
    assert [name for name, _ in model.named_children()] == [*blocks, "flatten", "linear"]
