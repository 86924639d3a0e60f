# The library as one file, in a folder where there is nothing else of it.

include("${CMAKE_CURRENT_LIST_DIR}/steps.cmake")

file(REMOVE_RECURSE "${BUILD}")
step("writing the header" "${CMAKE_COMMAND}" -P "${ATTEND}/cmake/single_header.cmake"
  attend/attend.hpp "${BUILD}/include/attend/attend.hpp")
step("compiling with it" "${COMPILER}" -std=c++20 "-I${BUILD}/include" -isystem "${EIGEN_HEADERS}" "${PROGRAM}"
  -o "${BUILD}/program")
step("the program" "${BUILD}/program")
