"""What the scene and its objects look like. Main thread only."""

import bpy

OBJECTS_LISTED = 10
_NAME_SHOWN = 300


def scene_info() -> dict[str, object]:
    """The current scene with its first ten objects; locations in metres, two decimals."""
    scene = bpy.context.scene
    return {
        "name": scene.name,
        "object_count": len(scene.objects),
        "objects": [
            {
                "name": item.name,
                "type": item.type,
                "location": [round(float(value), 2) for value in item.location],
                "visible": item.visible_get(),
            }
            for item in scene.objects[:OBJECTS_LISTED]
        ],
        "materials_count": len(bpy.data.materials),
        "frame_current": scene.frame_current,
        "frame_start": scene.frame_start,
        "frame_end": scene.frame_end,
    }


def object_info(name: object) -> dict[str, object]:
    """One object: its transform (rotation in radians), materials and, for a mesh, its counts.

    ValueError where there is no such object.
    """
    if not name:
        raise ValueError("name parameter is required")
    item = None
    # Of a name with a NUL character Blender would read only what stands before it.
    if isinstance(name, str) and "\0" not in name:
        item = bpy.data.objects.get(name)
    if item is None:
        raise ValueError(f"Object not found: {str(name)[:_NAME_SHOWN]}")
    info: dict[str, object] = {
        "name": item.name,
        "type": item.type,
        "location": list(item.location),
        "rotation": list(item.rotation_euler),
        "scale": list(item.scale),
        "visible": item.visible_get(),
        "dimensions": list(item.dimensions),
        "materials": [slot.material.name for slot in item.material_slots if slot.material],
    }
    if item.type == "MESH" and item.data:
        info["mesh"] = {
            "vertices": len(item.data.vertices),
            "edges": len(item.data.edges),
            "polygons": len(item.data.polygons),
        }
    return info
