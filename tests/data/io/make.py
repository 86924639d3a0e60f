"""Writes the files of this folder with the packages whose formats they have: python make.py <folder>."""

import pathlib
import sys

import numpy as np
import safetensors

folder = pathlib.Path(sys.argv[1])

# Number i of every array, counted in row-major order.
NUMBERS = {
    "b1": lambda i: i % 2 == 1,
    "u": lambda i: 3 * i,
    "i": lambda i: 5 * i - 7,
    "f": lambda i: 0.75 * i - 2,
}


def array(kind, shape):
    size = int(np.prod(shape))
    rule = NUMBERS.get(kind, NUMBERS.get(kind[0]))
    return np.array([rule(i) for i in range(size)], dtype="<" + kind).reshape(shape)


# safetensors: every type, a single number, no numbers, names that JSON must escape, one piece of metadata.
arrays = {np.dtype(kind).name: array(kind, (2, 3)) for kind in
          ["b1", "u1", "u2", "u4", "u8", "i1", "i2", "i4", "i8", "f2", "f4", "f8"]}
arrays |= {"single": array("f4", ()), "nothing": array("f4", (0, 4)), 'größe "μ"\t\\': array("f8", (1, 2, 2))}
specs = {name: (numbers.dtype.name, numbers) for name, numbers in arrays.items()}
# NumPy has no bfloat16: the upper halves of floats, none of which needs the lower one.
specs["bfloat16"] = ("bfloat16", (array("f4", (2, 3)).view("<u4") >> 16).astype("<u2"))
tensors = {name: safetensors.TensorSpec(dtype=dtype, shape=numbers.shape, data_ptr=numbers.ctypes.data,
                                        data_len=numbers.nbytes) for name, (dtype, numbers) in specs.items()}
safetensors.serialize_file(tensors, str(folder / "all_types.safetensors"), {"format": "pt"})
safetensors.serialize_file({}, str(folder / "no_tensors.safetensors"), None)

# .npy, as <type>_<order>_<shape>.npy
for kind in ["b1", "u1", "u2", "u4", "u8", "i1", "i2", "i4", "i8", "f2", "f4", "f8"]:
    np.save(folder / f"{kind}_c_2x3.npy", array(kind, (2, 3)))
for shape, name in [((), "single"), ((5,), "5"), ((0, 4), "0x4"), ((2, 3, 4), "2x3x4"), ((12, 1), "12x1")]:
    np.save(folder / f"f4_c_{name}.npy", array("f4", shape))
np.save(folder / "f8_fortran_2x3.npy", np.asfortranarray(array("f8", (2, 3))))
np.save(folder / "i2_fortran_2x3x4.npy", np.asfortranarray(array("i2", (2, 3, 4))))
for kind in ["u2", "i4", "i8", "f2", "f4", "f8"]:
    np.save(folder / f"{kind}_big_2x3.npy", array(kind, (2, 3)).astype(">" + kind))
np.save(folder / "f4_big_fortran_2x3x4.npy", np.asfortranarray(array("f4", (2, 3, 4)).astype(">f4")))
for version in [(2, 0), (3, 0)]:
    with open(folder / f"f4_version{version[0]}_2x3.npy", "wb") as file:
        np.lib.format.write_array(file, array("f4", (2, 3)), version=version)
