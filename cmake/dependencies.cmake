# Finds Eigen for everybody, and for a checkout of our own what its tests, examples and benchmarks need. All that is
# missing is told at once, as the line that installs it.

set(missing "")

# Without a version: the version file of Eigen 3.4 refuses ranges and that of Eigen 5 refuses "3.4".
if(NOT TARGET Eigen3::Eigen)
  find_package(Eigen3 CONFIG QUIET)
  if(NOT TARGET Eigen3::Eigen OR Eigen3_VERSION VERSION_LESS 3.4)
    list(APPEND missing libeigen3-dev)
  endif()
endif()
if(ATTEND_TESTS)
  find_package(GTest QUIET)
  if(NOT TARGET GTest::gtest_main)
    list(APPEND missing libgtest-dev)
  endif()
endif()
if(ATTEND_TESTS OR ATTEND_BENCHMARKS)
  find_package(nlohmann_json CONFIG QUIET)
  if(NOT TARGET nlohmann_json::nlohmann_json)
    list(APPEND missing nlohmann-json3-dev)
  endif()
endif()
if(ATTEND_EXAMPLES)
  find_package(CLI11 CONFIG QUIET)
  if(NOT TARGET CLI11::CLI11)
    list(APPEND missing libcli11-dev)
  endif()
endif()
if(ATTEND_BENCHMARKS)
  find_package(benchmark CONFIG QUIET)
  if(NOT TARGET benchmark::benchmark)
    list(APPEND missing libbenchmark-dev)
  endif()
endif()

if(missing)
  list(JOIN missing " " missing)
  message(FATAL_ERROR
    "attend needs packages that were not found. Debian and Ubuntu install them with\n"
    "  sudo apt-get install -y ${missing}\n"
    "The library itself needs only Eigen >= 3.4; -DATTEND_TESTS=OFF, -DATTEND_EXAMPLES=OFF and
"
    "-DATTEND_BENCHMARKS=OFF leave out what needs the rest.")
endif()
