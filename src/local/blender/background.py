"""The script that a background Blender is started with: ``background_call.py`` does the work.

Nothing of it is in ``__main__`` meanwhile, where the code of add-ons would see it.
"""


def background(file: str) -> None:
    """Run the work that lies beside this file."""
    import sys
    from pathlib import Path

    # Blender's --python doesn't put the script's folder on the path. Add-ons mustn't find our
    # modules where they mean theirs.
    here = str(Path(file).resolve().parent)
    sys.path.insert(0, here)
    from background_call import main

    sys.path.remove(here)
    for name in ("background_call", "run_script"):
        del sys.modules[name]
    try:
        main()
    finally:
        # multiprocessing has given this module a second name. Blender takes it apart when the
        # script has ended, and crashes at its own end where it is still to be found (3.4).
        sys.modules.pop("__mp_main__", None)


# A process that an add-on starts with multiprocessing's "spawn" runs the file of its parent's
# __main__ again, under another name. Without __file__ it does so for no file.
if __name__ == "__main__":
    globals().pop("background")(globals().pop("__file__"))
