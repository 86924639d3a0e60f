# cmake -P cmake/test.cmake: builds all tests and runs them. CXX=clang++ in the environment takes another compiler.

include("${CMAKE_CURRENT_LIST_DIR}/checkout.cmake")

prepare(test
  PACKAGES libeigen3-dev libgtest-dev nlohmann-json3-dev libcli11-dev libutf8proc-dev
  OPTIONS -DATTEND_TESTS=ON -DATTEND_EXAMPLES=ON)
compile(all)

parallel_level(CTEST_PARALLEL_LEVEL jobs)
execute_process(COMMAND "${CMAKE_CTEST_COMMAND}" --test-dir "${build}" --output-on-failure --parallel ${jobs}
  RESULT_VARIABLE result)
if(NOT result EQUAL 0)
  stop("Some tests failed.")
endif()
