# cmake -P cmake/fuzz.cmake [seconds]: builds the fuzzers with Clang and runs each for so long, 60 seconds if nothing is
# said, from the corpus in tests/fuzz/corpus. What it finds new stays in build/fuzz/corpus; what fails is named.

include("${CMAKE_CURRENT_LIST_DIR}/checkout.cmake")

if("$ENV{CXX}" STREQUAL "")
  set(ENV{CXX} clang++)
endif()
prepare(fuzz
  PACKAGES clang libeigen3-dev libgtest-dev nlohmann-json3-dev
  OPTIONS -DATTEND_TESTS=ON -DATTEND_FUZZ=ON)

script_arguments(seconds)
if(NOT seconds MATCHES "^[0-9]+$")
  set(seconds 60)
endif()
set(runs "")
foreach(name IN ITEMS npy safetensors front_door)
  compile(fuzz_${name})
  set(found "${build}/corpus/${name}")
  file(MAKE_DIRECTORY "${found}")
  message(NOTICE "\n${name}")
  execute_process(COMMAND "${build}/tests/fuzz/fuzz_${name}" -max_total_time=${seconds} -timeout=20 -print_final_stats=1
      -verbosity=0 "-artifact_prefix=${build}/" "${found}" "${checkout}/tests/fuzz/corpus/${name}"
    RESULT_VARIABLE result ERROR_VARIABLE said ECHO_ERROR_VARIABLE)
  if(NOT result EQUAL 0)
    stop("${name} ended with ${result}; the input is in ${build}.")
  endif()
  string(REGEX MATCH "number_of_executed_units: +([0-9]+)" line "${said}")
  list(APPEND runs "${name} ${CMAKE_MATCH_1}")
endforeach()
list(JOIN runs ", " runs)
leave_figure(R12 "0 found, runs: ${runs}; ${seconds} s each")
