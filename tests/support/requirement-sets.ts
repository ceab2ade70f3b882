// Sets of requirements as people have them, for comparing what is chosen for them.

/**
 * What was uploaded later doesn't count: what is compared is one state of the index, and the list of
 * differences is about that. Another moment is another proof; whoever sets it looks at the list.
 */
export const moment = "2026-11-26T00:00:00Z";

/** By a name for messages, what is asked for. */
export const requirementSets: Readonly<Record<string, readonly string[]>> = {
  // What is downloaded most.
  requests: ["requests"],
  click: ["click"],
  boto3: ["boto3"],
  "yaml and friends": ["pyyaml", "tqdm", "rich", "attrs", "python-dateutil"],
  flask: ["flask", "sqlalchemy", "alembic"],
  fastapi: ["fastapi[standard]"],
  django: ["django", "djangorestframework", "celery[redis]"],
  httpx: ["httpx[http2,socks,brotli]"],
  aiohttp: ["aiohttp[speedups]", "websockets"],
  pydantic: ["pydantic[email]", "pydantic-settings"],
  cryptography: ["cryptography", "paramiko", "pyopenssl"],
  "google cloud": ["google-cloud-storage", "google-api-python-client"],
  azure: ["azure-storage-blob", "azure-identity"],
  pytest: ["pytest", "pytest-cov", "hypothesis"],
  black: ["black[jupyter]", "mypy", "pylint"],
  sphinx: ["sphinx", "myst-parser", "furo"],
  poetry: ["poetry"],
  jupyter: ["jupyter"],
  "office files": ["openpyxl", "python-docx", "reportlab", "pypdf[crypto]"],
  // Science.
  scipy: ["scipy", "pandas", "requests", "scikit-image"],
  matplotlib: ["matplotlib", "seaborn", "plotly"],
  sklearn: ["scikit-learn", "xgboost", "lightgbm"],
  numba: ["numba"],
  polars: ["polars[pandas,numpy]", "pyarrow", "duckdb"],
  dask: ["dask[complete]"],
  xarray: ["xarray[io]", "zarr", "h5py", "netcdf4"],
  geo: ["shapely", "pyproj", "rasterio", "geopandas"],
  sympy: ["sympy", "networkx", "statsmodels"],
  astropy: ["astropy[recommended]"],
  biopython: ["biopython", "rdkit"],
  // Pictures, meshes, sound, machines.
  pillow: ["pillow", "imageio[ffmpeg,opencv]"],
  opencv: ["opencv-python-headless"],
  "opencv contrib": ["opencv-contrib-python", "mediapipe"],
  trimesh: ["trimesh[easy]"],
  open3d: ["open3d"],
  "points and meshes": ["pyvista", "meshio", "pymeshlab", "laspy[lazrs]"],
  cad: ["ezdxf", "cadquery-ocp", "rhino3dm", "usd-core"],
  librosa: ["librosa", "soundfile"],
  machines: ["pyserial", "bleak", "python-osc", "pynput", "sounddevice", "mido"],
  "windows and macOS": [
    "pywin32; sys_platform == 'win32'",
    "pyobjc-core; sys_platform == 'darwin'",
  ],
  pyside: ["pyside6"],
  // AI.
  torch: ["torch", "torchvision"],
  transformers: ["transformers[torch]", "sentencepiece"],
  diffusers: ["diffusers[torch]", "accelerate", "peft"],
  onnxruntime: ["onnxruntime", "onnx", "rembg"],
  ultralytics: ["ultralytics"],
  spacy: ["spacy"],
  langchain: ["langchain", "langchain-openai", "chromadb"],
  mcp: ["mcp[cli]", "openai", "anthropic"],
  gradio: ["gradio"],
  // Versions.
  "older ones": ["pandas<2", "numpy<1.25"],
  "exactly these": ["numpy==1.26.4", "scipy==1.11.4", "pillow===10.2.0"],
  compatible: ["requests~=2.31.0", "urllib3<2", "jinja2!=3.1.3,>=3.1"],
  "pydantic 1": ["fastapi<0.110", "pydantic<2"],
  "a pre-release named": ["pydantic>=2.0b3,<2.1", "httpx==1.0.dev3"],
  "pre-releases alone": ["opentelemetry-instrumentation-flask"],
  "local and post": ["python-dateutil==2.9.0.post0", "pytz>=2024.1"],
  "python by markers": [
    "tomli; python_version < '3.11'",
    "numpy<2; python_version < '3.12'",
    "numpy>=2.1; python_version >= '3.12'",
  ],
  "machine by markers": [
    "colorama; os_name == 'nt'",
    "uvloop; platform_system != 'Windows' and platform_machine != 'arm64'",
    "psutil; 'AMD64' in platform_machine or sys_platform == 'linux'",
  ],
  "extras of each other": ["jax[cpu]", "moto[s3]"],
  // What can't be.
  "a conflict": ["flask>=3", "werkzeug<2"],
  "a deep conflict": ["tensorflow==2.15.0", "numpy>=2"],
  "no such version": ["requests>=1000"],
  "no such package": ["brs-there-is-no-such-package"],
  "only source": ["pyperclip"],
  // What published extensions and add-ons need, by their manifests, requirements or metadata.
  ProteinBlender: [
    ...["MDAnalysis==2.8.0", "biotite==0.41.2", "databpy==0.0.8", "mrcfile==1.5.3"],
    ...["starfile==0.5.11", "msgpack==1.1.0", "scipy==1.15.1", "pandas==2.2.3"],
  ],
  "Molecular Nodes": ["MDAnalysis", "biotite", "mrcfile", "starfile", "msgpack", "scipy"],
  PolyZamboni: ["matplotlib==3.10.0", "networkx==3.4.2", "fonttools==4.57.0"],
  "Tracking Toolkit": ["openvr==2.12.1401"],
  "CAD Sketcher": ["slvs==3.2"],
  Speckle: ["specklepy>=3.0.3"],
  "Dream Textures": [
    ...["transformers", "accelerate", "huggingface_hub", "torch>=1.13", "pytorch-lightning"],
    ...["tensorboard", "scipy", "tiler"],
  ],
  Conductor: [
    ...["ciocore<10.0.0,>=9.1.1", "ciopath<2.0.0,>=1.1.0", "cioseq<1.0.0,>=0.5.2"],
    ...["json-stream<3.0.0,>=2.3.2", "PySide6<=6.7.0,>=6.0.0"],
  ],
  "Deadline Cloud": ["deadline<0.61,>=0.60.4", "openjd-adaptor-runtime<0.10,>=0.7"],
  "MCP for Blender": ["mcp<2,>=1.26.0", "httpx>=0.27.0"],
  "blender-remote": [
    ...["fastmcp>=2.0.0", "omegaconf>=2.3.0", "attrs>=25.3.0", "scipy>=1.16.0", "trimesh>=3.0.0"],
  ],
  "pictures over sockets": ["pillow==12.3.0", "websockets==15.0.1"],
};
