# cmake -P cmake/test.cmake [complete]: builds the tests and runs them, with `complete` also those that take long
# (ATTEND_TESTS_COMPLETE). CXX=clang++ in the environment takes another compiler.

include("${CMAKE_CURRENT_LIST_DIR}/checkout.cmake")

script_arguments(words)
set(complete OFF)
if(words STREQUAL "complete")
  set(complete ON)
elseif(words)
  message(NOTICE "attend: cmake/test.cmake takes the word complete, or none; given was: ${words}.")
  stop("The word ${words} is not known.")
endif()

prepare(test
  PACKAGES libeigen3-dev libgtest-dev nlohmann-json3-dev libcli11-dev libutf8proc-dev
  OPTIONS -DATTEND_TESTS=ON -DATTEND_TESTS_COMPLETE=${complete} -DATTEND_EXAMPLES=ON)
compile(all)

run_tests()
cmake_path(GET build FILENAME job)
if(complete)
  leave_figure(R18 "${job}: ${passed}")
else()
  parallel_level(CTEST_PARALLEL_LEVEL jobs)
  leave_figure(R20 "${job}: ${seconds} s, ${jobs} at a time, ${passed}")
endif()
if(failed)
  stop("Some tests failed.")
endif()
