"""Pawlab's core: everything that happens, without a page. No Streamlit here; TensorFlow only in `core.training`."""
