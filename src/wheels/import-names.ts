// Packages that are mistaken for the modules which they bring, or for parts of Blender.

/** By the name that is imported, what has it; only where the two differ. */
const packages: Readonly<Record<string, string>> = {
  bs4: "beautifulsoup4",
  crypto: "pycryptodome",
  cv2: "opencv-python",
  dateutil: "python-dateutil",
  dotenv: "python-dotenv",
  faiss: "faiss-cpu",
  fitz: "pymupdf",
  git: "gitpython",
  opencv: "opencv-python",
  osgeo: "gdal",
  pil: "pillow",
  pxr: "usd-core",
  serial: "pyserial",
  skimage: "scikit-image",
  sklearn: "scikit-learn",
  usd: "usd-core",
  win32api: "pywin32",
  yaml: "pyyaml",
  zmq: "pyzmq",
};

/** Modules that are compiled into Blender, under names that indexes may have for something else. */
const ofBlender: readonly string[] = ["aud", "bgl", "blf", "bmesh", "gpu", "idprop", "mathutils"];

/** What somebody meant by a name that no package has; undefined where nothing is known. */
export function meantBy(name: string): string | undefined {
  if (ofBlender.includes(name)) return `${name} is a part of Blender: leave it out`;
  const meant = Object.hasOwn(packages, name) ? packages[name] : undefined;
  return meant === undefined ? undefined : `the package that brings ${name} is ${meant}`;
}
