# One compiler line with what pkg-config says, through a shell as in a Makefile.

include("${CMAKE_CURRENT_LIST_DIR}/steps.cmake")

file(REMOVE_RECURSE "${BUILD}")
file(MAKE_DIRECTORY "${BUILD}")
# Eigen's own file lies in share/pkgconfig beside share/eigen3/cmake.
set(ENV{PKG_CONFIG_PATH} "${PREFIX}/share/pkgconfig:${EIGEN}/../../pkgconfig:$ENV{PKG_CONFIG_PATH}")
set(ENV{BUILD} "${BUILD}")
set(ENV{COMPILER} "${COMPILER}")
set(ENV{PROGRAM} "${PROGRAM}")
set(ENV{PKG_CONFIG} "${PKG_CONFIG}")

step("pkg-config --cflags attend" "${PKG_CONFIG}" --print-errors --cflags attend)
if(NOT output MATCHES "-I.*eigen")
  message(FATAL_ERROR "pkg-config knows nothing of Eigen: ${output}")
endif()
step("compiling with pkg-config" sh -c [[
  cd "$BUILD" &&
  eval "\"\$COMPILER\" -std=c++20 \"\$PROGRAM\" -o program $("$PKG_CONFIG" --cflags --libs attend)"
]])
step("the program" "${BUILD}/program")
