"""How good a trained classifier is, and how sure of that one may be. Numbers only: no Streamlit, no TensorFlow.

confusion    the confusion matrix, accuracy, precision, recall, F1
curves       ROC and precision-recall, with their areas
calibration  confidence against accuracy
threshold    "unsure" below a confidence: coverage against accuracy
resampling   intervals for what is no simple proportion
paired       two runs on the same pictures
answers, seen  what a run answered, and the pictures as it saw them
retrain      the next run, with the edits of today
report*      everything in one HTML file; svg, markup and words are its parts
"""
