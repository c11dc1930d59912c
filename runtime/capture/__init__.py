"""Films and pictures with their traces and clocks; out come frames by distance, or a reason why not."""
