"""Facts (observations, looks), the store that keeps them, and the findings computed from them."""
