"""From detections to observations: onto the road plane, over the frames of one capture; and looks.

Everything inside is in metres on a `Plane` around the capture (x east, y north); what comes out is WGS84.
"""

from gatukoll.runtime.placing.looks import Looked, looks
from gatukoll.runtime.placing.options import PlacingOptions
from gatukoll.runtime.placing.plane import Plane
from gatukoll.runtime.placing.tracks import CaptureTracks

__all__ = ["CaptureTracks", "Looked", "PlacingOptions", "Plane", "looks"]
