"""How good a trained classifier is, and how certain that is. Numbers only: no Streamlit, no TensorFlow."""
