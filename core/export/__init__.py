"""A run as one zip that works without Pawlab, and the way back. Nothing is offered that was not tried.

predict        what the bundle's predict.py is, word for word
samples        the pictures that a bundle is verified on
bounded        a process with a time limit that can be stopped
keras_side     model.keras asked and converted to LiteRT: the only module here with TensorFlow, in its own process
manifest       run.json of a bundle: what is said of the run, validated
files          what stands in a bundle, and its checksums
compare        a bundle's answers beside the app's
notebook       the run in plain Keras: its words
notebook_code  and its code
card           the model card
bundle         makes and verifies one
checks         what a stranger's model.onnx and model.keras must be like
trial          the first use of a stranger's model, in a process with limits
kept           the bundle in a run's folder, for the page
importing      a bundle becomes a run
"""
