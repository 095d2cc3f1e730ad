"""What a dataset's classes are, for sentences about it."""

import re
from collections.abc import Iterable

_NAMES = """
animal ant ape bear bee beetle bird bison bug bull butterfly camel canary cat cattle chick chicken chimpanzee cow
crab crocodile crow deer dog dolphin donkey dove duck eagle elephant falcon ferret finch fish fly fox frog gecko
giraffe goat goldfish goose gorilla hamster hare hawk hedgehog hen hippo horse insect jaguar kangaroo kitten koala
lamb leopard lion lizard llama lynx mammal monkey moose moth mouse octopus otter owl ox panda panther parrot peacock
penguin pet pig pigeon pony puppy rabbit raccoon rat raven reptile salmon seal shark sheep snail snake spider
squirrel swan tiger tortoise toucan turkey turtle whale wolf zebra
"""
ANIMALS = frozenset(_NAMES.split())
_PLURALS = {"geese": "goose", "mice": "mouse", "oxen": "ox", "puppies": "puppy", "wolves": "wolf", "flies": "fly"}


def subject(classes: Iterable[str]) -> str:
    """The word "animal" where every class is named after one, else "object"."""
    return "animal" if all(map(_is_animal, classes)) else "object"


def _is_animal(name: str) -> bool:
    """Whether one word of it is an animal's name, in the singular or the plural."""
    words = re.findall(r"[a-z]+", name.lower())
    return any({word, word.removesuffix("s"), word.removesuffix("es"), _PLURALS.get(word)} & ANIMALS for word in words)
