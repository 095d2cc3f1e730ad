"""What the present settings do to the accuracy, each change alone and all together, within a moment."""

from collections import OrderedDict
from dataclasses import dataclass
from threading import Lock

from core.augmentation import PARAMETERS, PRESETS, AugmentationConfig
from core.bank.bank import Bank
from core.bank.heads import Change, Repeated
from core.bank.strengths import amount_of, leaves_out_unchanged
from core.evaluation.words import signed_points

REPEATS = 5
MOST_KEPT = 500  # predictions: a slider that moves asks for one change alone, and all together


@dataclass(frozen=True)
class Prediction:
    """The expected change of the accuracy. `interpolated` where a setting lies between measured strengths; `rough`
    where a range leaves the unchanged image out, of which none was measured."""

    change: Change
    interpolated: bool
    rough: bool = False

    def in_words(self) -> str:
        """ "+0.2 points (−0.4 to +0.9), interpolated"."""
        low, high = signed_points(self.change.low), signed_points(self.change.high)
        words = f"{signed_points(self.change.difference)} points ({low} to {high})"
        return f"{words}, rough" if self.rough else f"{words}, interpolated" if self.interpolated else words


class Predictor:
    """Answers from one bank, and remembers them. Any thread may ask."""

    def __init__(self, bank: Bank) -> None:
        self.bank = bank
        self._heads = Repeated(bank, REPEATS)
        self._known: OrderedDict[tuple[str, int], Prediction] = OrderedDict()
        self._lock = Lock()

    @property
    def accuracy(self) -> float:
        """Of a head without augmentation, 0..1."""
        return self._heads.accuracy

    def together(self, config: AugmentationConfig, num_copies: int) -> Prediction:
        """All changes of these settings, which the bank fits."""
        key = config.model_dump_json(), num_copies
        with self._lock:
            if key not in self._known:
                change = self._heads.change(self.bank.copies(config), num_copies)
                rough = any(leaves_out_unchanged(config, name) for name in self.bank.entries)
                self._known[key] = Prediction(change, not self.bank.is_banked(config), rough)
                while len(self._known) > MOST_KEPT:
                    self._known.popitem(last=False)
            return self._known[key]

    def alone(self, config: AugmentationConfig, num_copies: int) -> dict[str, Prediction]:
        """Each change that is on, as if it were the only one, by its name."""
        on = [name for name in self.bank.entries if amount_of(config, name)]
        return {name: self.together(only(config, name), num_copies) for name in on}


def only(config: AugmentationConfig, name: str) -> AugmentationConfig:
    """The settings with one change on and all others off."""
    off = {
        other: getattr(PRESETS["none"], other)
        for other, parameter in PARAMETERS.items()
        if parameter.has_switch and other != name
    }
    return config.changed(**off)
