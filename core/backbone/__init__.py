"""The frozen base: its weights and where they come from, its ONNX graph, the features that it gives."""
