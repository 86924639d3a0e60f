# cmake -P cmake/aarch64.cmake [program...]: builds tests for aarch64 with a cross compiler and runs them under qemu:
# those of the kernels and what they rest on, or those named (tests_layer, ...). Results are judged, speed is not.

include("${CMAKE_CURRENT_LIST_DIR}/checkout.cmake")

script_arguments(wanted)
set(programs ${wanted})
if(NOT wanted)
  set(programs tests_core tests_simd tests_score tests_mask tests_normalize tests_kernel tests_laws tests_linear tests_onnx)
endif()

set(packages g++-aarch64-linux-gnu qemu-user googletest)
find_program(compiler aarch64-linux-gnu-g++ NO_CACHE)
find_program(qemu NAMES qemu-aarch64 qemu-aarch64-static NO_CACHE)
find_path(googletest CMakeLists.txt PATHS /usr/src/googletest NO_DEFAULT_PATH NO_CACHE)
if(NOT compiler OR NOT qemu OR NOT googletest)
  list(JOIN packages " " packages)
  message(NOTICE "attend: the cross compiler, qemu or the sources of GoogleTest cannot be found. Debian and Ubuntu install "
    "all that this needs with\n\n    sudo apt-get install -y ${packages} make libeigen3-dev nlohmann-json3-dev\n")
  stop("The cross compiler, qemu or the sources of GoogleTest cannot be found.")
endif()

# Programs name the compiler's own copies of the target's libraries, so that qemu needs no root folder. (Static ones could
# not count what malloc gives, as tests/core/allocations.cpp does.)
execute_process(COMMAND "${compiler}" -print-file-name=ld-linux-aarch64.so.1 OUTPUT_VARIABLE loader
  OUTPUT_STRIP_TRAILING_WHITESPACE COMMAND_ERROR_IS_FATAL ANY)
file(REAL_PATH "${loader}" loader)
cmake_path(GET loader PARENT_PATH libraries)
set(ENV{CXX} aarch64-linux-gnu-g++)
set(target -DCMAKE_SYSTEM_NAME=Linux -DCMAKE_SYSTEM_PROCESSOR=aarch64 "-DCMAKE_CROSSCOMPILING_EMULATOR=${qemu}"
  "-DCMAKE_EXE_LINKER_FLAGS=-Wl,--dynamic-linker=${loader},-rpath,${libraries}")

# Packages of GoogleTest hold libraries for the machine that installs them.
set(prefix "${checkout}/build/aarch64-googletest")
if(NOT EXISTS "${prefix}/lib/libgtest_main.a")
  execute_process(COMMAND "${CMAKE_COMMAND}" -S "${googletest}" -B "${prefix}/build" ${target} -DBUILD_GMOCK=OFF
    -DCMAKE_C_COMPILER=aarch64-linux-gnu-gcc "-DCMAKE_INSTALL_PREFIX=${prefix}" -DCMAKE_INSTALL_LIBDIR=lib
    -DCMAKE_CXX_FLAGS=-O2 -Wno-dev COMMAND_ERROR_IS_FATAL ANY)
  execute_process(COMMAND "${CMAKE_COMMAND}" --build "${prefix}/build" --target install COMMAND_ERROR_IS_FATAL ANY)
endif()

# What this machine has of the other libraries is not for the target either.
prepare(aarch64
  PACKAGES ${packages} libeigen3-dev nlohmann-json3-dev
  OPTIONS ${target} --no-warn-unused-cli -DATTEND_TESTS=ON "-DGTest_DIR=${prefix}/lib/cmake/GTest"
    -DCMAKE_DISABLE_FIND_PACKAGE_TBB=ON -DCMAKE_DISABLE_FIND_PACKAGE_MPI=ON -DCMAKE_DISABLE_FIND_PACKAGE_Ceres=ON)
run_programs(${programs})
if(NOT wanted)
  leave_figure(R17 "aarch64: ${passed} programs")
endif()
if(failed)
  stop("Some tests failed.")
endif()
