"""Values that stay from one command to the next, in memory, as long as Blender runs."""

_storage: dict[str, object] = {}


def get_data(key: str, default: object = None) -> object:
    """The value under `key`, or `default`."""
    return _storage.get(key, default)


def put_data(key: str, data: object) -> None:
    """Keep `data`, which may be any Python object, under `key`."""
    _storage[key] = data


def remove_data(key: str) -> bool:
    """Forget `key`; whether anything was kept under it."""
    if key not in _storage:
        return False
    del _storage[key]
    return True


def clear_data() -> None:
    """Forget everything."""
    _storage.clear()


def get_keys() -> list[str]:
    """All keys."""
    return list(_storage)


def get_storage_info() -> dict[str, object]:
    """How many keys there are, which, and about how long their values are as text (characters)."""
    return {
        "key_count": len(_storage),
        "keys": list(_storage),
        "total_size_estimate": sum(len(str(value)) for value in _storage.values()),
    }
