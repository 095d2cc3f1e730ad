"""The instant model: it learns from each image as it comes, while somebody still holds the button.

The frozen base's average-pooled features, and a head in closed form on top. Nothing is trained step by step, so a model
of everything that was shown so far costs milliseconds. `learner.Learner` is what a server keeps of a collection.
"""
