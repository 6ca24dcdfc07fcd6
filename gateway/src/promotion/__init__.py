"""The live model and the shadow model: changed, checked and rolled back."""
