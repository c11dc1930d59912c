"""The task's predictions lie where they were seen."""

from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="needs the train extra")
pytestmark = pytest.mark.train

from gatukoll.detectors.card import InputSpec  # noqa: E402
from gatukoll.training.task import predict  # noqa: E402


def test_predictions_lie_where_the_picture_has_them() -> None:
    """A network that answers with brightness gives back the picture, at the picture's own size."""

    class Brightness(torch.nn.Module):
        def forward(self, image: torch.Tensor) -> torch.Tensor:
            return torch.nn.functional.avg_pool2d(image[..., 0].float()[:, None] / 255, 4)

    picture = np.zeros((200, 320, 3), np.uint8)
    picture[80:120, 160:240] = 255
    for height, width in [(200, 320), (100, 160), (240, 400)]:
        scores = predict(Brightness(), picture, InputSpec(height=height, width=width, fit="area"))
        assert scores.shape == (1, 200, 320)
        rows, columns = np.nonzero(scores[0] >= 0.5)
        edges = np.array([rows.min(), rows.max() + 1, columns.min(), columns.max() + 1])
        assert np.abs(edges - [80, 120, 160, 240]).max() <= 4
