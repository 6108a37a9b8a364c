"""A small invented world: who is whose friend, who lives where, what a pilot's tool is.

The bundled tasks ask about it, and each expert of the tiny pool has learned one or two of its
tables. A `World` is nothing but tables, so the training recipe can invent as many others as it
likes: that is how a base model learns to *read* facts without ever learning *these*.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np


def words(text: str) -> tuple[str, ...]:
    """Return the words of `text`: a list of names, written to be read."""
    return tuple(text.split())


KINDS: Final[Mapping[str, tuple[str, ...]]] = {
    "person": words(
        "Ada Ben Cleo Dan Eva Finn Gina Hugo Iris Jack Kira Leo Mona Nils Olga Paul Quinn Rosa Sam "
        "Tara Umar Vera Walt Xena Yuri Zoe Abel Beth Carl Dora Emil Faye Gwen Hans Ines Joel Kate "
        "Lars Maya Noah Opal Pia Rex Sara Theo Ursa Vito Wren Alma Boris Cora Dirk Elsa Fritz "
        "Greta Heidi Ivan Jade Karl Lena Milo Nora Otto Petra"
    ),
    "city": words(
        "Arlo Brice Corin Delph Ester Fenwick Garda Holm Istra Jarna Kelso Lund Morva Nyon Orsa "
        "Prato"
    ),
    "country": words("Alvia Borland Cestan Dorea Elvar Frisia Gondia Hestia"),
    "food": words("bread cheese dates eggs figs grapes honey soup"),
    "job": words("artist baker chemist doctor editor farmer guard hunter judge lawyer miner nurse"),
    "tool": words("anvil brush compass drill easel flask gauge hammer iron knife ladder map"),
    "pet": words("cat dog duck goat hen horse lizard mouse owl pig rabbit snake"),
    "sound": words("bark cluck coo croak growl hiss howl hum oink quack squeak whistle"),
    "price": words("2 3 4 5 6 7 8 9"),
    "thing": words("bell book boot bowl clock coat crown cup drum flag hat ring"),
}
"""Every kind of thing in the world and its names."""

RELATIONS: Final[Mapping[str, tuple[str, str]]] = {
    "friend": ("person", "person"),
    "city": ("person", "city"),
    "job": ("person", "job"),
    "pet": ("person", "pet"),
    "country": ("city", "country"),
    "food": ("country", "food"),
    "tool": ("job", "tool"),
    "sound": ("pet", "sound"),
    "price": ("tool", "price"),
}
"""What the experts know: relation -> (kind it is asked of, kind of the answer)."""

PRIVATE_RELATIONS: Final[Mapping[str, tuple[str, str]]] = {
    "owner": ("thing", "person"),
    "teacher": ("person", "person"),
}
"""What nobody knows: it differs from question to question and stands in the context only."""

WORLD_SEED: Final = 2025


@dataclass(frozen=True, slots=True)
class World:
    """One set of tables: relation -> {subject: object}, total over the relation's subjects."""

    tables: Mapping[str, Mapping[str, str]]

    def look_up(self, relation: str, subject: str) -> str:
        """Return the object of `relation` for `subject`; KeyError if there is none."""
        return self.tables[relation][subject]


def invent_table(relation: str, rng: np.random.Generator) -> dict[str, str]:
    """Draw a table for `relation`: every object about equally often, nobody related to oneself."""
    subject_kind, object_kind = {**RELATIONS, **PRIVATE_RELATIONS}[relation]
    subjects, objects = KINDS[subject_kind], KINDS[object_kind]
    if subject_kind == object_kind:
        # One cycle through a random order: everyone is the friend of exactly one other person.
        order = rng.permutation(len(subjects))
        return {subjects[a]: subjects[b] for a, b in zip(order, np.roll(order, -1), strict=True)}
    dealt = np.resize(rng.permutation(len(objects)), len(subjects))
    rng.shuffle(dealt)
    return {s: objects[o] for s, o in zip(subjects, dealt, strict=True)}


def invent_world(rng: np.random.Generator) -> World:
    """Draw every table afresh, private ones included."""
    return World({r: invent_table(r, rng) for r in (*RELATIONS, *PRIVATE_RELATIONS)})


def shared_world() -> World:
    """The one world that the bundled questions are about and the experts were taught."""
    rng = np.random.default_rng(WORLD_SEED)
    return World({relation: invent_table(relation, rng) for relation in RELATIONS})
