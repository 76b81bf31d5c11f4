import torch

from lrcourse import SmallCNN


def test_small_cnn_maps_images_to_ten_logits():
    model = SmallCNN()
    assert model(torch.zeros(5, 3, 32, 32)).shape == (5, 10)
    assert sum(p.numel() for p in model.parameters()) == 33_946


def test_no_convolution_before_a_norm_layer_has_a_bias():
    assert all(layer.bias is None for layer in SmallCNN() if isinstance(layer, torch.nn.Conv2d))


def test_one_seed_gives_one_model():
    torch.manual_seed(3)
    first = SmallCNN()
    torch.manual_seed(3)
    assert torch.equal(first[0].weight, SmallCNN()[0].weight)
