# cmake -P cmake/bench.cmake [name...]: builds the benchmarks and runs them one after another, all or those named.

include("${CMAKE_CURRENT_LIST_DIR}/checkout.cmake")

prepare(bench
  PACKAGES libeigen3-dev libbenchmark-dev
  OPTIONS -DATTEND_BENCHMARKS=ON)
compile(benchmarks)

script_arguments(wanted)

file(STRINGS "${build}/benchmarks/programs.txt" programs)
foreach(program IN LISTS programs)
  cmake_path(GET program FILENAME name)
  if(wanted AND NOT name IN_LIST wanted)
    continue()
  endif()
  message(NOTICE "\n${name}")
  execute_process(COMMAND "${program}" RESULT_VARIABLE result)
  if(NOT result EQUAL 0)
    stop("${name} ended with ${result}.")
  endif()
endforeach()
