# cmake -DCOMPILER=... -DSOURCE=... -DINCLUDES=... -P refused.cmake: the compiler refuses SOURCE and says why.

cmake_minimum_required(VERSION 3.25)

set(ENV{LC_ALL} C)
set(command "${COMPILER}" -std=c++20 -fsyntax-only)
foreach(include IN LISTS INCLUDES)
  list(APPEND command "-I${include}")
endforeach()

file(READ "${SOURCE}" text)
if(NOT text MATCHES "^// expect: ([^\n]+)\n")
  message(FATAL_ERROR "${SOURCE} must begin with a line `// expect: <what the compiler must say>`.")
endif()
set(expected "${CMAKE_MATCH_1}")

execute_process(COMMAND ${command} "${SOURCE}" ERROR_VARIABLE errors RESULT_VARIABLE result)
if(result EQUAL 0)
  message(FATAL_ERROR "${SOURCE} compiles, but must not.")
endif()
string(FIND "${errors}" "${expected}" place)
if(place EQUAL -1)
  message(NOTICE "${errors}")
  message(FATAL_ERROR "${SOURCE} must be refused with\n  ${expected}")
endif()
