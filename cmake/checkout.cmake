# What the scripts beside this file share: they work on a fresh checkout, each in a build folder of its own, with the
# flags that a user's plain `g++ -O2` has.

cmake_minimum_required(VERSION 3.25)
cmake_path(GET CMAKE_CURRENT_LIST_DIR PARENT_PATH checkout)

# Ends the script. What had to be said stands above, so from CMake 3.29 on nothing follows it.
macro(stop sentence)
  if(CMAKE_VERSION VERSION_GREATER_EQUAL 3.29)
    cmake_language(EXIT 1)
  else()
    message(FATAL_ERROR "${sentence}")
  endif()
endmacro()

# Sets `build` to the folder of this job and compiler: build/test, or build/test-clang++ with CXX=clang++.
#   prepare(job PACKAGES <apt packages> OPTIONS <cmake options>)
function(prepare job)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "PACKAGES;OPTIONS")

  # CXX may hold a launcher in front and options behind: "ccache g++ -m32".
  set(suffix "")
  set(wanted c++ g++ clang++)
  set(compiler_package g++)
  if(NOT "$ENV{CXX}" STREQUAL "")
    separate_arguments(words NATIVE_COMMAND "$ENV{CXX}")
    list(FILTER words EXCLUDE REGEX "^-|(^|/)s?ccache$")
    list(GET words 0 wanted)
    cmake_path(GET wanted FILENAME name)
    set(suffix "-${name}")
    if(name MATCHES "clang")
      set(compiler_package clang)
    endif()
  endif()

  set(missing "")
  find_program(compiler NAMES ${wanted} NO_CACHE)
  if(NOT compiler)
    list(JOIN wanted ", " names)
    list(APPEND missing "a C++ compiler (${names})")
  endif()
  find_program(make NAMES make gmake NO_CACHE)
  find_program(ninja NAMES ninja ninja-build NO_CACHE)
  if(NOT make AND NOT ninja)
    list(APPEND missing "make")
  endif()
  if(missing)
    list(JOIN missing " and " missing)
    list(JOIN arg_PACKAGES " " packages)
    message(NOTICE "attend: ${missing} cannot be found. Debian and Ubuntu install all that this needs with\n\n"
      "    sudo apt-get install -y ${compiler_package} make ${packages}\n")
    stop("${missing} cannot be found.")
  endif()
  set(generator "")
  if(NOT make AND "$ENV{CMAKE_GENERATOR}" STREQUAL "")
    set(generator -G Ninja)
  endif()

  set(build "${checkout}/build/${job}${suffix}")
  execute_process(COMMAND "${CMAKE_COMMAND}" -S "${checkout}" -B "${build}" ${generator}
    -DCMAKE_BUILD_TYPE= -DCMAKE_CXX_FLAGS_INIT=-O2 -DATTEND_INSTALL=ON
    -DATTEND_TESTS=OFF -DATTEND_EXAMPLES=OFF -DATTEND_BENCHMARKS=OFF ${arg_OPTIONS} RESULT_VARIABLE result)
  if(NOT result EQUAL 0)
    stop("Configuring ${build} failed.")
  endif()
  set(build "${build}" PARENT_SCOPE)
endfunction()

# As many jobs as there are cores, or as CMAKE_BUILD_PARALLEL_LEVEL or CTEST_PARALLEL_LEVEL say.
function(parallel_level variable result)
  set(level "$ENV{${variable}}")
  if(NOT level MATCHES "^[0-9]+$")
    cmake_host_system_information(RESULT level QUERY NUMBER_OF_LOGICAL_CORES)
  endif()
  set(${result} "${level}" PARENT_SCOPE)
endfunction()

# virtual_environment(<folder> <result>): makes one of Python's, and sets `result` to the command of its pip.
function(virtual_environment folder result)
  find_program(python NAMES python3 python NO_CACHE)
  set(made 1)
  if(python)
    execute_process(COMMAND "${python}" -m venv "${folder}" RESULT_VARIABLE made)
  endif()
  if(NOT made EQUAL 0)
    message(NOTICE "attend: no virtual environment can be made. Debian and Ubuntu install what is missing with\n\n"
      "    sudo apt-get install -y python3-venv\n")
    stop("No virtual environment can be made.")
  endif()
  set(${result} "${folder}/bin/python" -m pip --disable-pip-version-check PARENT_SCOPE)
endfunction()

# compile(<target>...)
function(compile)
  parallel_level(CMAKE_BUILD_PARALLEL_LEVEL jobs)
  execute_process(COMMAND "${CMAKE_COMMAND}" --build "${build}" --parallel ${jobs} --target ${ARGN}
    RESULT_VARIABLE result)
  if(NOT result EQUAL 0)
    stop("Building ${build} failed.")
  endif()
endfunction()

# run_tests(<ctest arguments...>): runs tests of `build`. Sets `failed` to whether some failed, `passed` to a text that
# says how many did not, and `seconds` to the time that all took.
function(run_tests)
  parallel_level(CTEST_PARALLEL_LEVEL jobs)
  execute_process(COMMAND "${CMAKE_CTEST_COMMAND}" --test-dir "${build}" --output-on-failure --no-tests=error
    --parallel ${jobs} --output-junit "${build}/tests.xml" ${ARGN} RESULT_VARIABLE failed)
  file(STRINGS "${build}/tests.xml" suite REGEX "^\t(tests|failures|disabled|skipped|time)=")
  foreach(count IN ITEMS tests failures disabled skipped time)
    string(REGEX MATCH "\t${count}=\"([0-9]+)" ${count} "${suite}")
    set(${count} "${CMAKE_MATCH_1}")
  endforeach()
  math(EXPR good "${tests} - ${failures} - ${disabled} - ${skipped}")
  set(failed "${failed}" PARENT_SCOPE)
  set(passed "${good} of ${tests}" PARENT_SCOPE)
  set(seconds "${time}" PARENT_SCOPE)
endfunction()

# run_programs(<programs...>): builds programs of the tests and runs each, on one instruction set. Sets what run_tests does.
macro(run_programs)
  compile(${ARGN})
  string(REPLACE ";" "|" names "${ARGN}")
  run_tests(--tests-regex "^(${names})(_baseline)?$")
endmacro()

# leave_figure(<row> <text>): what cmake/report.cmake shows in this row until this job is run again.
function(leave_figure row text)
  string(TIMESTAMP today "%Y-%m-%d" UTC)
  cmake_path(GET build FILENAME job)
  file(WRITE "${checkout}/build/figures/${row}-${job}.txt" "${text} (${today})")
endfunction()

# What stands behind the script's name on the command line.
function(script_arguments result)
  set(arguments "")
  set(index 1)
  while(index LESS CMAKE_ARGC AND NOT CMAKE_ARGV${index} STREQUAL "-P")
    math(EXPR index "${index} + 1")
  endwhile()
  math(EXPR index "${index} + 2")
  while(index LESS CMAKE_ARGC)
    if(NOT CMAKE_ARGV${index} STREQUAL "--")
      list(APPEND arguments "${CMAKE_ARGV${index}}")
    endif()
    math(EXPR index "${index} + 1")
  endwhile()
  set(${result} "${arguments}" PARENT_SCOPE)
endfunction()
