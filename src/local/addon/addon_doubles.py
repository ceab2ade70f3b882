"""Finds what is installed twice: in both forms, under two names, or in two folders."""

import os
import re

from addon_facts import Facts, facts_of
from addon_outcome import Told
from addon_records import Addon, in_preferences, short_name
from python_folders import same_path


def doubles(addon: Addon, facts: Facts, addons: list[Addon]) -> list[Told]:
    """Warnings about others that seem to be the same add-on, and how to get rid of one."""
    warnings: list[Told] = []
    namesakes: list[Addon] = []
    for other in addons:
        if other.path is None:
            continue
        if other.name == addon.name:
            if addon.path is not None and not is_beside(addon.path, other.path):
                also = f"{other.name} is also there as {other.path}"
                warnings.append(f"{also}: Blender takes the one that Python finds first")
            continue
        theirs = facts_of(other)
        same_title = bool(facts.name) and title_of(facts) == title_of(theirs)
        both_forms = other.kind != addon.kind and (
            short_name(other.name) == short_name(addon.name)
            or (same_title and is_same_author(facts.author, theirs.author))
        )
        if both_forms:
            what = f"{short_name(addon.name)} is there as an extension and as a legacy add-on: "
            both = f"{what}{addon.name} and {other.name} ({other.path})"
            warnings.append(with_way_out(both, addon, other))
        elif same_title and (other.source == "user" or in_preferences(other.name)):
            namesakes.append(other)
    return [*warnings, *about_namesakes(facts.name, addon, namesakes)]


def about_namesakes(title: str, addon: Addon, others: list[Addon]) -> list[Told]:
    """A warning about add-ons with the same title; of many the first."""
    if not others:
        return []
    first = others[0]
    more = f", and {len(others) - 1} more" if len(others) > 1 else ""
    there = f"{first.name} ({first.path})"
    text = f"another add-on has the same title, '{title}': {there}{more}"
    return [with_way_out(text, addon, first)]


def is_beside(path: str, other: str) -> bool:
    """Whether two are in the same folder: a package and a module of one name replace each other."""
    return same_path(os.path.dirname(path), os.path.dirname(other))


def title_of(facts: Facts) -> str:
    return " ".join(facts.name.casefold().split())


def is_same_author(one: str, other: str) -> bool:
    """Whether two may be the same: a manifest's maintainer has an address, or is a company."""
    these, those = words_of(one), words_of(other)
    return not these or not those or not these.isdisjoint(those)


def words_of(author: str) -> set[str]:
    """The words of a name, without the address behind it."""
    return set(re.findall(r"\w{3,}", author.casefold().partition("<")[0]))


def with_way_out(text: str, addon: Addon, other: Addon) -> Told:
    """The sentence, with what gets rid of the other one."""
    if other.source != "user" and not in_preferences(other.name):
        return text
    is_new = addon.path is not None and not os.path.lexists(addon.path)
    return {
        "text": text,
        "command": "addon uninstall" if other.source == "user" else "addon disable",
        "name": other.name,
        "replaceable": is_new and addon.kind == other.kind == "legacy" and other.source == "user",
    }
