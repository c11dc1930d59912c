"""Films and pictures with their traces and clocks; frames come out by distance travelled, or a reason why not."""
