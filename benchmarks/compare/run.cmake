# cmake -P benchmarks/compare/run.cmake [-- options of compare.py]: builds the programs, makes a virtual environment with
# PyTorch and onnxruntime in the build folder, runs all of them in turn and prints the table.

include("${CMAKE_CURRENT_LIST_DIR}/../../cmake/checkout.cmake")

prepare(bench
  PACKAGES libeigen3-dev libbenchmark-dev nlohmann-json3-dev libopenblas-dev python3-venv
  OPTIONS -DATTEND_BENCHMARKS=ON -DBLA_VENDOR=OpenBLAS)
compile(compare)

set(venv "${build}/venv")
set(packages torch==2.13.0 onnxruntime onnx numpy safetensors matplotlib)
set(done "${venv}/packages.txt")
set(installed "")
if(EXISTS "${done}")
  file(READ "${done}" installed)
endif()
if(NOT installed STREQUAL "${packages}")
  message(NOTICE "attend: installing ${packages} into ${venv}")
  virtual_environment("${venv}" pip)
  execute_process(COMMAND ${pip} install --quiet ${packages} RESULT_VARIABLE result)
  if(NOT result EQUAL 0)
    stop("pip could not install ${packages}.")
  endif()
  file(WRITE "${done}" "${packages}")
endif()

script_arguments(arguments)
execute_process(COMMAND "${venv}/bin/python" "${CMAKE_CURRENT_LIST_DIR}/compare.py" "${build}/benchmarks/compare"
  ${arguments} RESULT_VARIABLE result)
if(NOT result EQUAL 0)
  stop("The comparison failed.")
endif()
