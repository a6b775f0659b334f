"""LoRA: low-rank changes of a network's layers, W + (alpha / rank) B A (Hu et al. 2021, arXiv:2106.09685), in files as
artists share them, on a pipeline, and to be trained."""
