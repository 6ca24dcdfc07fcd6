"""The model store, and the models in it: loaded, checked and asked."""
