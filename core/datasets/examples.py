"""A few images that stand for a dataset."""

from core.datasets.records import Dataset, ImageRecord


def example_images(dataset: Dataset, number: int) -> list[ImageRecord]:
    """At most `number` usable images, the classes in turn, spread evenly over each class: training images where there
    are any. The same for the same dataset."""
    usable = dataset.usable("train") or dataset.usable()
    each = -(-number // max(1, len(dataset.classes)))
    columns = []
    for label in dataset.classes:
        records = [record for record in usable if record.label == label]
        count = min(each, len(records))
        columns.append([records[place * len(records) // count] for place in range(count)])
    return [column[row] for row in range(each) for column in columns if row < len(column)][:number]
