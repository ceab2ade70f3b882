"""What is installed twice is told, with what gets rid of one."""

from fake_blender import FakeBlender, working


def doubles_of(name: str) -> list[str]:
    """The warnings, each with its command."""
    from addon_doubles import doubles
    from addon_facts import facts_of
    from addon_places import own_folders
    from addon_records import find, installed

    addons = installed(own_folders())
    addon = find(name, addons)
    told = doubles(addon, facts_of(addon), addons)
    return [
        one if isinstance(one, str) else f"{one['text']}; '{one['command']} {one['name']}'"
        for one in told
    ]


def titled(title: str, author: str) -> str:
    source = working("x").replace('"name": "x"', f'"name": "{title}"')
    return source.replace('"author": "A"', f'"author": "{author}"')


def test_both_forms_by_name(blender: FakeBlender) -> None:
    own = blender.addon("both")
    blender.extension("both")
    blender.addon("alone")
    (warning,) = doubles_of("both")
    assert "bl_ext.user_default.both" in warning
    (warning,) = doubles_of("bl_ext.user_default.both")
    assert str(own) in warning
    assert "'addon uninstall both'" in warning
    assert doubles_of("alone") == []


def test_both_forms_by_title_and_author(blender: FakeBlender) -> None:
    blender.addon("old_tool", titled("My  Tool", "Ann Lee, Bo"))
    manifest = 'id = "tool"\nname = "My tool"\nversion = "1.0.0"\nmaintainer = "ann <a@b.c>"\n'
    blender.extension("tool", manifest=manifest)
    (warning,) = doubles_of("tool")
    assert "is there as an extension and as a legacy add-on" in warning
    assert "'addon uninstall old_tool'" in warning


def test_one_title_of_two(blender: FakeBlender) -> None:
    blender.addon("one", titled("Tool", "Ann"))
    blender.addon("other", titled("Tool", "Bo"))
    blender.addon("brought", titled("Tool", "Bo"), folder=blender.bundled)
    (warning,) = doubles_of("one")
    assert "another add-on has the same title, 'Tool': other" in warning


def test_what_is_disabled_in_another_folder(blender: FakeBlender) -> None:
    blender.addon("twice", titled("Tool", "Ann"))
    brought = blender.addon("twice", titled("Tool", "Ann"), folder=blender.bundled)
    (warning,) = doubles_of("twice")
    assert warning.startswith(f"twice is also there as {brought}: ")
