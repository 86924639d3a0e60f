# Configures, builds and runs the project in PROJECT; installs it where it says what that must leave behind.

include("${CMAKE_CURRENT_LIST_DIR}/steps.cmake")

file(REMOVE_RECURSE "${BUILD}")
step("configuring ${PROJECT}" "${CMAKE_COMMAND}" -S "${PROJECT}" -B "${BUILD}" -G "${GENERATOR}"
  "-DCMAKE_CXX_COMPILER=${COMPILER}" "-DEigen3_DIR=${EIGEN}" "-DATTEND=${ATTEND}" "-DCMAKE_PREFIX_PATH=${PREFIX}")
step("building ${PROJECT}" "${CMAKE_COMMAND}" --build "${BUILD}")
step("the program of ${PROJECT}" "${BUILD}/program")

# None of these projects has an install rule, so whatever installs something is attend's.
step("installing ${PROJECT}" "${CMAKE_COMMAND}" --install "${BUILD}" --prefix "${BUILD}/installed")
file(GLOB_RECURSE installed "${BUILD}/installed/*")
if(installed)
  message(FATAL_ERROR "attend added install rules to somebody else's project: ${installed}")
endif()
