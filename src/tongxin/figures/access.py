"""Who may see figures: every role, over the areas it covers. The scope filters the cells, so a part is exact like the whole."""
