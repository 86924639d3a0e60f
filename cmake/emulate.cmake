# cmake -P cmake/emulate.cmake [program...]: the kernels of AVX-512 on a machine that lacks it: GCC makes of each of their
# vectors of 64 bytes what AVX2 has. Builds and runs the tests of the kernels and of what stands on them, or those named
# (tests_layer, ...). Results are judged, speed is not; products of bfloat16 need the machine.

include("${CMAKE_CURRENT_LIST_DIR}/checkout.cmake")

script_arguments(wanted)
set(programs ${wanted})
if(NOT wanted)
  set(programs tests_kernel tests_laws tests_linear tests_onnx)
endif()

set(ENV{CXX} g++)
prepare(emulate
  PACKAGES g++ libeigen3-dev libgtest-dev nlohmann-json3-dev
  OPTIONS -DATTEND_TESTS=ON "-DCMAKE_CXX_FLAGS=-DATTEND_EMULATE_V4 -DATTEND_NO_DISPATCH -mavx2 -mfma")
run_programs(${programs})
if(NOT wanted)
  leave_figure(R17 "v4 on AVX2: ${passed} programs")
endif()
if(failed)
  stop("Some tests failed.")
endif()
