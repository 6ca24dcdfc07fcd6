"""The Open Inference Protocol v2 (REST): tensors in, tensors out."""
